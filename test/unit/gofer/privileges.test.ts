import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type PrivilegeRequest, setsToKeep } from "../../../src/gofer/privileges.ts";
import { runScript } from "../support/json-subprocess.ts";
import type { Confinement, ConfinementReport } from "./support/confined-process.ts";
import { logLines } from "./support/log-lines.ts";

const script = join(import.meta.dir, "support/confined-process.ts");

function confine(confinement: Confinement, prefix: readonly string[] = []): Promise<ConfinementReport> {
  return runScript<ConfinementReport>(script, confinement, prefix);
}

/** The process waits for seconds before it gives up. */
const patientMillis = 60_000;

const all = 0x1ff_ffff_ffffn;
const allSets = { bounding: all, effective: all, permitted: all, inheritable: 0n, ambient: 0n };
const serving = 0x4001fn;
const servingAndConnecting = 0x400dfn;
const onlyServing = {
  bounding: serving,
  effective: serving,
  permitted: serving,
  inheritable: serving,
  ambient: serving,
};

function keep(request: Partial<PrivilegeRequest>, current = allSets) {
  const { log, lines } = logLines();
  return { sets: setsToKeep({ opensHostSockets: false, user: undefined, ...request }, current, log), lines };
}

describe("setsToKeep()", () => {
  test("keeps what serving takes, in all sets", () => {
    expect(keep({})).toEqual({ sets: onlyServing, lines: [] });
  });

  test("keeps what connecting to host sockets takes, but for programs that would be executed", () => {
    const permitted = servingAndConnecting;
    expect(keep({ opensHostSockets: true }).sets).toEqual({
      ...onlyServing,
      bounding: permitted,
      effective: permitted,
      permitted,
    });
  });

  test("keeps the same with the IDs of root to take on", () => {
    const user = { uid: 0, gid: 7 };
    expect(keep({ opensHostSockets: true, user })).toEqual(keep({ opensHostSockets: true }));
  });

  test("keeps only what is ambient where another user is taken on, as executing the program anew would", () => {
    const user = { uid: 1000, gid: 1000 };
    expect(keep({ opensHostSockets: true, user }).sets).toEqual({ ...onlyServing, bounding: servingAndConnecting });
  });

  test("does without what is not permitted, and says so", () => {
    const permitted = all & ~0x40001n;
    const { sets, lines } = keep({}, { ...allSets, permitted });
    expect(new Set(Object.values(sets))).toEqual(new Set([0x1en]));
    expect(lines).toEqual([
      "warn: CAP_CHOWN is not permitted: doing without",
      "warn: CAP_SYS_CHROOT is not permitted: doing without",
    ]);
  });

  test("leaves the bounding set as it is where it cannot be changed", () => {
    const effective = all & ~0x100n;
    expect(keep({}, { ...allSets, effective }).sets).toEqual({ ...onlyServing, bounding: all });
  });
});

const mask = (set: bigint): string => set.toString(16).padStart(16, "0");

function privilegesOf(sets: Readonly<Record<"bounding" | "permitted" | "inheritable", bigint>>): string {
  const { bounding, permitted, inheritable } = sets;
  const shown = [
    ["CapBnd", bounding],
    ["CapEff", permitted],
    ["CapPrm", permitted],
    ["CapInh", inheritable],
    ["CapAmb", inheritable],
  ] as const;
  return `${shown.map(([field, set]) => `${field}=${mask(set)}`).join(" ")} NoNewPrivs=1`;
}

describe.skipIf(process.getuid?.() !== 0)("dropPrivileges(), as root,", () => {
  const request = { dropsCapabilities: true, opensHostSockets: false };

  test("leaves every thread with what serving takes", async () => {
    const { failure, threads, log } = await confine({ step: "privileges", request });
    expect(failure).toBeNull();
    expect(threads.length).toBeGreaterThan(1);
    const ids = "Uid=0 0 0 0 Gid=0 0 0 0";
    expect(new Set(threads)).toEqual(
      new Set([`${ids} ${privilegesOf({ bounding: serving, permitted: serving, inheritable: serving })}`]),
    );
    expect(log).toEqual(["info: capabilities applied to all threads"]);
  });

  test("makes every thread the user and the group wanted", async () => {
    const { failure, threads } = await confine({
      step: "privileges",
      request: { ...request, opensHostSockets: true, user: { uid: 0, gid: 1234 } },
    });
    expect(failure).toBeNull();
    const privileges = privilegesOf({
      bounding: servingAndConnecting,
      permitted: servingAndConnecting,
      inheritable: serving,
    });
    expect(new Set(threads)).toEqual(new Set([`Uid=0 0 0 0 Gid=1234 1234 1234 1234 ${privileges}`]));
  });

  test("leaves capabilities alone where that is asked for, but not the chance to gain some", async () => {
    const { failure, threads, log } = await confine({
      step: "privileges",
      request: { ...request, dropsCapabilities: false },
    });
    expect(failure).toBeNull();
    for (const thread of threads) expect(thread).toMatch(/ CapEff=000001ff\w+ .* NoNewPrivs=1$/);
    expect(log).toEqual(["info: capabilities kept on all threads: --apply-caps=false"]);
  });

  test(
    "fails when a thread cannot be told",
    async () => {
      const { failure } = await confine({ step: "privileges with a deaf thread" });
      expect(failure).toMatch(
        /^confinement: cannot give up privileges: thread \d+ \(.+\) blocks the signal that tells it to$/,
      );
    },
    patientMillis,
  );
});

describe("dropPrivileges(), without privileges,", () => {
  const prefix =
    process.getuid?.() === 0 ? ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", "--inh-caps=-all"] : [];
  const request = { dropsCapabilities: true, opensHostSockets: false };

  test("does without all capabilities, and leaves the bounding set as it is", async () => {
    const { failure, threads, log } = await confine({ step: "privileges", request }, prefix);
    expect(failure).toBeNull();
    for (const thread of threads) {
      expect(thread).toMatch(/ CapEff=0{16} CapPrm=0{16} CapInh=0{16} CapAmb=0{16} NoNewPrivs=1$/);
    }
    expect(log.filter((line) => line.startsWith("warn: CAP_"))).toHaveLength(6);
  });

  test("says which call was refused, and on which thread", async () => {
    const user = { uid: 0, gid: 0 };
    const { failure } = await confine({ step: "privileges", request: { ...request, user } }, prefix);
    expect(failure).toMatch(/^confinement: cannot give up privileges: thread \d+ \(.+\): setuid\(0\): EPERM$/);
  });
});
