import { expect, test } from "bun:test";
import { mountPointsBelow } from "../../sandbox/support/mount-table.ts";
import { Container } from "./container.ts";
import { openDescriptors } from "./descriptors.ts";
import { type GoferEnd, type GoferOptions, GoferProcess } from "./gofer-process.ts";

const secondsMaxUsual = 60;

function reasonToSkip(): string | undefined {
  if (process.getuid?.() !== 0) return "namespaces need root";
  const missing = ["unshare", "bash"].filter((program) => Bun.which(program) === null);
  return missing.length > 0 ? `missing: ${missing.join(", ")}` : undefined;
}

/** What a test gets: a bundle, and a way to start gofers for it that are ended with the test. */
export interface ProcessTest {
  readonly container: Container;
  start(options: GoferOptions): GoferProcess;
  /** Starts a gofer that is to fail, and waits for its end and for what it said in place of the mounts. */
  fail(options: GoferOptions): Promise<GoferEnd & { readonly mounts: string }>;
}

/**
 * Declares a test of the gofer as a process of its own. It also fails when a mount, a descriptor or a file is left behind. Where it
 * cannot run, it is skipped and says why in its name.
 */
export function processTest(
  name: string,
  body: (given: ProcessTest) => Promise<void>,
  secondsMax = secondsMaxUsual,
): void {
  const reason = reasonToSkip();
  if (reason !== undefined) {
    test.skip(`${name} (skipped: ${reason})`, () => {});
    return;
  }
  const run = async (): Promise<void> => {
    const container = new Container();
    try {
      const before = openDescriptors(container.directory);
      await runWithGofers(container, body);
      expect(openDescriptors(container.directory)).toEqual(before);
      expect(mountPointsBelow(container.directory)).toEqual([]);
    } finally {
      container.remove();
    }
  };
  test(name, run, secondsMax * 1000);
}

async function runWithGofers(container: Container, body: (given: ProcessTest) => Promise<void>): Promise<void> {
  await using gofers = new AsyncDisposableStack();
  const start = (options: GoferOptions): GoferProcess => gofers.use(new GoferProcess(container, options));
  const fail = async (options: GoferOptions) => {
    const gofer = start(options);
    gofer.synchronize();
    const mounts = gofer.readMounts();
    return { ...(await gofer.end()), mounts };
  };
  await body({ container, start, fail });
}
