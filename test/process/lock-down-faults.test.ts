import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { exitCodes } from "../../src/gofer/exit-codes.ts";
import { built, type GoferProcess } from "./support/gofer-process.ts";
import { processTest } from "./support/process-test.ts";
import { canTrace, traceThread } from "./support/traced-start.ts";
import { until } from "./support/until.ts";

const library = resolve(import.meta.dir, "../../.cache/libseccomp.so.2");

const tracedTest = canTrace()
  ? processTest
  : (name: string): void => test.skip(`${name} (skipped: strace cannot trace here)`, () => {});

/** A thread of the gofer's engine, once the gofer waits for runsc. */
function otherThread(gofer: GoferProcess): Promise<number> {
  return until("the gofer waits", () => {
    const { pid } = gofer;
    if (pid === undefined || !gofer.said.debugLog.includes("starts for container")) return;
    return readdirSync(`/proc/${pid}/task`)
      .map(Number)
      .find((tid) => tid !== pid);
  });
}

describe("a gofer process of which one thread", () => {
  for (const [what, injection, reason] of [
    ["keeps its capabilities", "capset:error=EPERM", "EPERM"],
    ["keeps a capability in its bounding set", "prctl:error=EPERM:when=1", "EPERM"],
    ["can gain new privileges", "prctl:retval=0", "thread"],
    ["does not answer", "capset:delay_enter=8000000", "answer"],
  ] as const) {
    tracedTest(`${what} says so and ends`, async ({ container, start }) => {
      const gofer = start({ spec: container.spec(), mountConfs: "lisafs:none" });
      await using _tracer = await traceThread(await otherThread(gofer), injection);
      const { status, stderr, log } = await failed(gofer);
      expect(status).toBe(exitCodes.confinement);
      expect(stderr).toStartWith("bun-gofer: cannot give up privileges: ");
      expect(stderr).toContain(reason);
      expect(JSON.parse(log).msg).toBe(stderr.trimEnd());
    });
  }
});

describe("a gofer process whose libseccomp is damaged", () => {
  const damage: readonly (readonly [what: string, change: (library: Buffer) => void])[] = [
    ["at its start", (bytes) => bytes.fill(0, 0, 64)],
    ["all over", (bytes) => bytes.fill(0x5a)],
  ];
  for (const [what, change] of damage) {
    const name = `${what} says so and ends`;
    if (!existsSync(built)) {
      test.skip(`${name} (skipped: the gofer was not built)`, () => {});
      continue;
    }
    processTest(name, async ({ container, start }) => {
      const executable = readFileSync(built);
      const original = readFileSync(library);
      const at = executable.indexOf(original);
      expect(at).toBeGreaterThan(0);
      change(executable.subarray(at, at + original.length));
      writeFileSync(container.path("damaged"), executable, { mode: 0o755 });
      const command = [container.path("damaged")];
      const gofer = start({ spec: container.spec(), mountConfs: "lisafs:none", command });
      const { status, stderr } = await failed(gofer);
      expect(status).toBe(exitCodes.confinement);
      expect(stderr).toContain("want libseccomp ");
    });
  }
});

describe("a gofer process that", () => {
  processTest("cannot tell the sandbox where the mounts are says so and ends", async ({ container, start }) => {
    const gofer = start({ spec: container.spec(), mountConfs: "lisafs:none" });
    gofer.closeMounts();
    const { status, stderr, log } = await failed(gofer);
    expect(status).toBe(exitCodes.peer);
    expect(stderr).toBe("bun-gofer: cannot write the list of mounts: the sandbox does not read it\n");
    expect(JSON.parse(log).msg).toBe(stderr.trimEnd());
  });
});

/** The end of a gofer that must not serve. */
async function failed(gofer: GoferProcess): ReturnType<GoferProcess["end"]> {
  for (const client of gofer.clients) client.sendOnly(client.encode("mount", undefined));
  gofer.synchronize();
  for (const client of gofer.clients) expect(() => client.receive()).toThrow();
  return gofer.end();
}
