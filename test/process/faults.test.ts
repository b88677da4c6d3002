import { describe, expect, test } from "bun:test";
import { exitCodes } from "../../src/gofer/exit-codes.ts";
import type { Container } from "./support/container.ts";
import type { GoferOptions } from "./support/gofer-process.ts";
import { processTest } from "./support/process-test.ts";
import { isLoaderCall, isLogLine, type Step, setUpSteps, stepsOf, stepsOfAll } from "./support/set-up-steps.ts";
import { identityOf, type SystemCall } from "./support/system-calls.ts";
import { canTrace, type TracedStart, traceStart } from "./support/traced-start.ts";

const secondsMax = 300;

const cleanStartsWanted = 3;

/**
 * By how many calls more or fewer than in a clean start to try, when the call that failed was another one: the engine makes some of its
 * own when it likes.
 */
const shifts = [0, -1, 1, 0, -2, 2];

/** How many there are in a full start. */
const connections = 3;

/** A start that takes every step there is. */
function fullStart(container: Container): GoferOptions {
  const mounts = [
    { destination: "/data", type: "bind", source: "data", options: ["rbind", "ro", "rprivate"] },
    { destination: "/etc/single", type: "bind", source: "single" },
  ];
  return {
    spec: container.spec(mounts),
    mountConfs: "lisafs:self,lisafs:none,lisafs:none",
    globalFlags: ["--fdlimit=1000"],
    userNamespace: true,
    flags: ["--uid=0", "--gid=0"],
    environment: { BUN_GOFER_STATS: container.path("counts") },
  };
}

/** Steps that are known to be there: when one is missing, the list of steps is not what it should be. */
const stepsKnown = [
  "capset",
  "chdir",
  "chroot",
  "clone",
  "memfd_create",
  "mkdirat",
  "mount",
  "openat",
  "pivot_root",
  "prctl",
  "pread64",
  "read",
  "seccomp",
  "setgid",
  "setrlimit",
  "setuid",
  "tgkill",
  "umount2",
  "write",
] as const;

/** Calls that may fail: the gofer serves all the same. */
const harmless: readonly { readonly call: RegExp; readonly because: string }[] = [
  {
    call: /^seccomp\(SECCOMP_(GET_NOTIF_SIZES|SET_MODE_FILTER, SECCOMP_FILTER_FLAG_(SPEC_ALLOW|NEW_LISTENER|TSYNC_ESRCH))/,
    because: "libseccomp asks what the kernel can do, and this is not used",
  },
  { call: /^prctl\(PR_CAPBSET_READ, 0x/, because: "it fails anyway: there is no such capability" },
];

/** What is to be made of a step. */
interface Failing {
  readonly errno?: string;
  /** Whether later calls of the name fail as well. */
  readonly forGood?: boolean;
}

/**
 * Makes the step fail, once, and gives what the start came to; undefined when it was always another call that failed. The engine makes
 * some calls in one start and not in the next: so calls are counted as in one clean start after the other.
 */
async function failStep(
  container: Container,
  cleanStarts: readonly (readonly Step[])[],
  place: string,
  { errno = "EIO", forGood = false }: Failing = {},
): Promise<TracedStart | undefined> {
  const calls = cleanStarts.flatMap((steps) => steps.find((step) => step.place === place)?.call ?? []);
  for (const shift of shifts) {
    for (const { name, occurrence } of calls) {
      const fault = { name, occurrence: Math.max(1, occurrence + shift), errno, forGood };
      const start = await traceStart(container, fullStart(container), fault);
      if (stepsOf(start.calls).find((step) => step.call.injected)?.place === place) return start;
    }
  }
  return undefined;
}

/** Makes the step fail, and gives what is wrong with what comes of it; undefined when nothing is. */
async function problemWith(
  container: Container,
  cleanStarts: readonly (readonly Step[])[],
  place: string,
  call: SystemCall,
): Promise<string | undefined> {
  try {
    const start = await failStep(container, cleanStarts, place);
    return start === undefined ? "another call failed instead" : wrongWith(call, start);
  } catch (error) {
    return String(error);
  }
}

/** What is wrong with how the gofer has taken the fault; undefined when nothing is. */
function wrongWith(step: SystemCall, start: TracedStart): string | undefined {
  const { status, answered, stderr, log, mounts } = start;
  if (status === 0 && answered.length === connections && harmless.some(({ call }) => call.test(identityOf(step)))) {
    return undefined;
  }
  if (answered.length > 0) return `it serves ${answered.join(", ")}`;
  if (status === 0) return "it ends as if nothing had been";
  if (!Object.values<number>(exitCodes).includes(status)) return `its exit status is ${status}`;
  const [line = "", ...more] = stderr.trimEnd().split("\n");
  // A bug shows its stack.
  const mayFollow = status === exitCodes.bug;
  if (!line.startsWith("bun-gofer: ") || (more.length > 0 && !mayFollow)) return `it says ${JSON.stringify(stderr)}`;
  if (JSON.parse(log).msg !== line) return `its log says ${log}`;
  const isTold = mounts === `${line}\n` || isListOfMounts(mounts) || (mounts === "" && step.name === "write");
  return isTold ? undefined : `the sandbox is told ${JSON.stringify(mounts)}`;
}

/** The pipe takes one message only. */
function isListOfMounts(mounts: string): boolean {
  return mounts.startsWith("[") && mounts.endsWith("]");
}

const skipReason = canTrace() ? undefined : "strace cannot trace here";

/** As processTest(), for what needs strace. */
function tracedTest(...declaration: Parameters<typeof processTest>): void {
  const [name] = declaration;
  if (skipReason === undefined) processTest(...declaration);
  else test.skip(`${name} (skipped: ${skipReason})`, () => {});
}

/** The steps of starts in which nothing fails. What is made once, mount points for one, is there in all of them. */
async function traceCleanStarts(container: Container): Promise<readonly (readonly Step[])[]> {
  await traceStart(container, fullStart(container));
  const cleanStarts: (readonly Step[])[] = [];
  while (cleanStarts.length < cleanStartsWanted) {
    const clean = await traceStart(container, fullStart(container));
    expect(clean).toMatchObject({ status: exitCodes.success, answered: [0, 1, 2] });
    cleanStarts.push(setUpSteps(stepsOf(clean.calls)));
  }
  return cleanStarts;
}

/** As failStep(), of the first call that is looked for. */
async function failCall(
  container: Container,
  isLookedFor: (call: SystemCall) => boolean,
  failing: Failing,
): Promise<TracedStart | undefined> {
  const cleanStarts = await traceCleanStarts(container);
  const step = cleanStarts[0]?.find(({ call }) => isLookedFor(call));
  if (step === undefined) throw new Error("there is no such call");
  return failStep(container, cleanStarts, step.place, failing);
}

describe("a gofer process in which a system call fails", () => {
  tracedTest(
    "while it sets itself up says so and ends, whichever call it is",
    async ({ container }) => {
      const cleanStarts = await traceCleanStarts(container);
      const steps = stepsOfAll(cleanStarts);
      expect([...steps.values()].map(({ name }) => name)).toEqual(expect.arrayContaining([...stepsKnown]));
      const wrong: string[] = [];
      for (const [place, call] of steps) {
        const problem = await problemWith(container, cleanStarts, place, call);
        if (problem !== undefined) wrong.push(`${identityOf(call)}: ${problem}`);
      }
      expect(wrong).toEqual([]);
      console.log(`${steps.size} steps failed, one at a time`);
    },
    secondsMax,
  );

  tracedTest("ends when libseccomp cannot be loaded", async ({ container }) => {
    const start = await failCall(container, isLoaderCall, { forGood: true });
    expect(start).toMatchObject({ status: exitCodes.confinement, answered: [] });
    expect(start?.stderr).toContain("want libseccomp ");
  });

  tracedTest("serves when it may not raise the limit of descriptors", async ({ container }) => {
    const start = await failCall(container, ({ name }) => name === "setrlimit", { errno: "EPERM" });
    expect(start).toMatchObject({ status: exitCodes.success, answered: [0, 1, 2] });
    expect(start?.debugLog).toContain("cannot raise the limit of descriptors");
  });

  tracedTest("serves when a line of its log cannot be written", async ({ container }) => {
    const isLine = (call: SystemCall): boolean => isLogLine(call) && call.args.includes("mounting ");
    const start = await failCall(container, isLine, { errno: "ENOSPC" });
    expect(start).toMatchObject({ status: exitCodes.success, answered: [0, 1, 2] });
  });
});
