import { test } from "bun:test";
import type { Caller } from "./caller.ts";
import { Workspace } from "./workspace.ts";

export type SandboxTestOptions = {
  readonly caller: Caller;
  /** Programs of the host that the test needs. */
  readonly programs?: readonly string[];
  /** Bounds the whole test. Default 60. */
  readonly secondsMax?: number;
};

const secondsMaxDefault = 60;
/** What is left for the clean-up after a body that took its whole time. */
const cleanUpSecondsMax = 30;
/** How long runsc may take to bring its processes down after its own exit. */
const settleSecondsMax = 10;
const logLinesShown = 40;

function reasonToSkip(options: SandboxTestOptions): string | undefined {
  if (options.caller.unavailable !== undefined) {
    return options.caller.unavailable;
  }
  const missing = (options.programs ?? []).filter((program) => Bun.which(program) === null);
  return missing.length > 0 ? `missing: ${missing.join(", ")}` : undefined;
}

/**
 * Declares a test that gets a workspace of its own. The test also fails when runsc leaves a process, mount or file
 * behind. Any failure shows the end of runsc's logs. A test that cannot run here is skipped and says why in its name.
 */
export function sandboxTest(
  name: string,
  options: SandboxTestOptions,
  body: (workspace: Workspace) => Promise<void>,
): void {
  const reason = reasonToSkip(options);
  if (reason !== undefined) {
    test.skip(`${name} (skipped: ${reason})`, () => {});
    return;
  }
  const secondsMax = options.secondsMax ?? secondsMaxDefault;
  test(name, () => inWorkspace(name, options.caller, secondsMax, body), (secondsMax + cleanUpSecondsMax) * 1000);
}

/**
 * Does work in a workspace of its own and gives its result. Throws also when runsc leaves something behind. Any failure
 * shows the end of runsc's logs, under this name.
 */
export async function inWorkspace<T>(
  name: string,
  caller: Caller,
  secondsMax: number,
  work: (workspace: Workspace) => Promise<T>,
): Promise<T> {
  const workspace = new Workspace(caller);
  let result: T;
  try {
    result = await within(secondsMax, work(workspace));
  } catch (error) {
    console.error(`logs of "${name}":\n${workspace.logTails(logLinesShown)}`);
    await workspace.dispose(0);
    throw error;
  }
  const leftovers = await workspace.dispose(settleSecondsMax);
  if (leftovers.length > 0) {
    throw new Error(`runsc left behind:\n${leftovers.join("\n")}`);
  }
  return result;
}

/** Bounds the body here rather than in bun:test, which would abandon what the body started. */
async function within<T>(secondsMax: number, work: Promise<T>): Promise<T> {
  const { promise: expiry, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`not done after ${secondsMax} s`)), secondsMax * 1000);
  try {
    return await Promise.race([work, expiry]);
  } finally {
    clearTimeout(timer);
  }
}
