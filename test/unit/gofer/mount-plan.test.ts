import { describe, expect, test } from "bun:test";
import { assumeOpen } from "../../../ffi/host-fd.ts";
import { mountConfsFlag } from "../../../src/gofer/mount-conf.ts";
import { planMounts } from "../../../src/gofer/mount-plan.ts";
import { readSpec } from "../../../src/gofer/spec.ts";
import { reasonOf, successOf } from "./support/reason-of.ts";

const mounts = [
  { destination: "/proc", type: "proc", source: "proc" },
  { destination: "/a", type: "bind", source: "/s" },
  { destination: "/image", type: "erofs", source: "/i" },
  { destination: "/b", source: "/s", options: ["rbind", "ro"] },
  { destination: "/c", type: "bind", source: "/s" },
];

function plan(confs: string, ioFds: number[], rootReadonly = false) {
  const document = { process: { args: ["x"] }, root: { path: "/r", readonly: rootReadonly }, mounts };
  const spec = successOf(readSpec(JSON.stringify(document), { bundle: "/b", allowRootfsTar: false }));
  return planMounts(spec, successOf(mountConfsFlag.read(confs, [])), ioFds.map(assumeOpen));
}

/** Descriptor and mode of the root and of each mount; a dash for what is not served. */
function summary(...args: Parameters<typeof plan>): string[] {
  const { root, mounts: planned } = successOf(plan(...args));
  return [root, ...planned.map(({ service }) => service)].map((service) =>
    service === undefined
      ? "-"
      : `${service.ioFd}${service.readonly ? " ro" : ""}${service.overlaid ? " overlaid" : ""}`,
  );
}

describe("planMounts()", () => {
  test("gives each served mount the next configuration and descriptor", () => {
    const confs = "lisafs:none,lisafs:none,erofs:none,lisafs:none,lisafs:memory";
    expect(summary(confs, [10, 11, 12, 13])).toEqual(["10", "-", "11", "-", "12 ro", "13 ro overlaid"]);
  });

  test("serves a read-only or overlaid root read-only", () => {
    const rest = "lisafs:none,erofs:none,lisafs:none,lisafs:none";
    expect(summary(`lisafs:none,${rest}`, [10, 11, 12, 13], true)[0]).toBe("10 ro");
    expect(summary(`lisafs:self,${rest}`, [10, 11, 12, 13])[0]).toBe("10 ro overlaid");
  });

  test("leaves out roots and mounts that are not served", () => {
    const confs = "erofs:memory,none:memory,erofs:none,lisafs:none,none:self";
    expect(summary(confs, [10])).toEqual(["-", "-", "-", "-", "10 ro", "-"]);
  });

  test.each<[what: string, confs: string, ioFds: number[], reason: string]>([
    ["too few configurations", "lisafs:none", [10], "want 5 mount configurations, for the root and each mount, got 1"],
    [
      "too many configurations",
      "lisafs:none,lisafs:none,erofs:none,lisafs:none,lisafs:none,lisafs:none",
      [10, 11, 12, 13, 14],
      "want 5 mount configurations, for the root and each mount, got 6",
    ],
    [
      "a missing descriptor",
      "lisafs:none,lisafs:none,erofs:none,lisafs:none,lisafs:none",
      [10, 11, 12],
      "want 4 descriptors in --io-fds, one for each mount to serve, got 3",
    ],
    [
      "a descriptor too many",
      "erofs:memory,lisafs:none,erofs:none,lisafs:none,none:memory",
      [10, 11, 12],
      "want 2 descriptors in --io-fds, one for each mount to serve, got 3",
    ],
  ])("refuses %s", (_what, confs, ioFds, reason) => {
    expect(reasonOf(plan(confs, ioFds))).toBe(`plan: ${reason}`);
  });
});
