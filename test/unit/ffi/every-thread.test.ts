import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { runScript } from "../support/json-subprocess.ts";
import type { Report, Scenario } from "./support/every-thread-process.ts";

const script = join(import.meta.dir, "support/every-thread-process.ts");

function run(scenario: Scenario): Promise<Report> {
  return runScript<Report>(script, scenario);
}

describe("callOnEveryThread()", () => {
  test("reaches every thread, those that start meanwhile and afterwards included", async () => {
    const { outcome, noNewPrivileges, inNewThread } = await run("busy");
    expect(outcome).toEqual({ threads: expect.any(Number), passes: expect.any(Number) });
    expect(outcome["threads"]).toBeGreaterThan(4);
    expect(outcome["passes"]).toBeGreaterThanOrEqual(3);
    expect(noNewPrivileges.length).toBeGreaterThan(4);
    expect(new Set(noNewPrivileges)).toEqual(new Set(["1"]));
    expect(inNewThread).toBe("1");
  });

  test("gives up on a thread that blocks the signal", async () => {
    const { outcome, noNewPrivileges } = await run("blocked");
    expect(outcome).toEqual({ kind: "signal blocked", task: expect.stringMatching(/^thread \d+ \(/) });
    expect(noNewPrivileges.filter((value) => value === "0")).toHaveLength(1);
  });

  test("tells which call failed, on which thread and why, and makes none after it", async () => {
    const { outcome, noNewPrivileges } = await run("refused");
    expect(outcome).toEqual({
      kind: "failed call",
      task: expect.stringMatching(/^thread \d+ \(/),
      index: 1,
      failure: "EINVAL",
    });
    expect(new Set(noNewPrivileges)).toEqual(new Set(["0"]));
  });

  test("tells of a thread that made all calls and is not as it should be", async () => {
    const { outcome } = await run("ineffective");
    expect(outcome).toEqual({ kind: "no effect", task: expect.stringMatching(/^thread \d+ \(/) });
  });

  test("gives up on a thread that does not return from its calls", async () => {
    const { outcome, noNewPrivileges } = await run("stuck");
    expect(outcome).toEqual({ kind: "no answer", task: expect.stringMatching(/^thread \d+ \(/) });
    // One thread returned; those that it has started since are as it is.
    expect(new Set(noNewPrivileges)).toEqual(new Set(["0", "1"]));
  });

  test("does not take it for done when a thread ended before it could be looked at", async () => {
    expect((await run("fleeting")).outcome).toEqual({ kind: "never settled" });
  });

  test("works once in the life of a process", async () => {
    expect((await run("twice")).outcome).toEqual({
      thrown: "Error: the threads of this process have been called before",
    });
  });
});
