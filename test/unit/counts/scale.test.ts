import { beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { runScript } from "../support/json-subprocess.ts";
import type { Footprint, ScalePlan, ScaleReport } from "./support/measure-scale.ts";

const plan: ScalePlan = {
  descriptorsMax: 15_500,
  nodes: [1000, 2000, 4000, 15_000],
  connections: [8, 16, 32, 64],
};

/** The control FD of the backend, its node and the node's lock; the name is a string and is not counted. */
const objectsOfNode = 3;

/** Server's and client's ends alike, since both are in one process: two sockets, a channel's two, and the window's file. */
const descriptorsOfConnection = 6;

/** Objects that the runtime, and the look at it, make by themselves. */
const stray = 250;

const testMillisMax = 120_000;

function objectsWithin({ objects }: Footprint, expected: number): boolean {
  return Math.abs(objects - expected) <= stray;
}

describe("a server with many nodes and connections", () => {
  let report: ScaleReport;

  beforeAll(async () => {
    report = await runScript<ScaleReport>(join(import.meta.dir, "support", "measure-scale.ts"), plan);
  }, testMillisMax);

  test("needs one descriptor and the same few objects for each open node, however many there are", () => {
    expect(report.nodes.map(({ descriptors }) => descriptors)).toEqual([...plan.nodes]);
    expect(report.nodes.map(({ arenaBytes }) => arenaBytes)).toEqual(plan.nodes.map(() => 0));
    const wrong = report.nodes.filter((footprint, index) => {
      return !objectsWithin(footprint, (plan.nodes[index] ?? 0) * objectsOfNode);
    });
    expect(wrong).toEqual([]);
  });

  test("answers EMFILE to one node too many, and all else as before", () => {
    const { answer, open, isAttributeAnswered } = report.atLimit;
    expect({ answer, isAttributeAnswered }).toEqual({ answer: "EMFILE", isAttributeAnswered: true });
    expect(open).toBeGreaterThan(Math.max(...plan.nodes));
  });

  test("keeps nothing of nodes that were closed", () => {
    expect(report.nodesClosed).toMatchObject({ descriptors: 0, arenaBytes: 0 });
    expect(objectsWithin(report.nodesClosed, 0)).toBe(true);
  });

  test("needs as much for the last connection as for the first", () => {
    const { connections } = report;
    expect(connections.map(({ descriptors }) => descriptors)).toEqual(
      plan.connections.map((count) => count * descriptorsOfConnection),
    );
    const [first] = connections;
    const [firstCount = 1] = plan.connections;
    if (first === undefined) throw new Error("no connection was looked at");
    const arenaBytesOfConnection = first.arenaBytes / firstCount;
    expect(connections.map(({ arenaBytes }) => arenaBytes)).toEqual(
      plan.connections.map((count) => count * arenaBytesOfConnection),
    );
    const objectsOfConnection = Math.round(first.objects / firstCount);
    const wrong = connections.filter((footprint, index) => {
      return !objectsWithin(footprint, (plan.connections[index] ?? 0) * objectsOfConnection);
    });
    expect(wrong).toEqual([]);
  });
});
