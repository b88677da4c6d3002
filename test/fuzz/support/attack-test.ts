import { type ProcessTest, processTest } from "../../process/support/process-test.ts";
import { type AttackOptions, AttackedGofer, type AttackReport } from "./attacked-gofer.ts";
import { ServedTree } from "./served-tree.ts";

const mebibyte = 1024 * 1024;

/** What an attack gets: the gofer, and the tree as the host sees it. */
export interface Attack {
  readonly gofer: AttackedGofer;
  readonly tree: ServedTree;
}

/**
 * Declares a test that attacks a gofer. Whatever the attack does, the gofer must live, serve a bystander, have opened and changed
 * nothing outside the tree, keep within its memory, and in the end have nothing left open and exit with 0.
 */
export function attackTest(
  name: string,
  options: AttackOptions,
  attack: (given: Attack) => Promise<void> | void,
  secondsMax?: number,
): void {
  const run = async ({ container }: ProcessTest): Promise<void> => {
    using tree = new ServedTree(container);
    await using gofer = AttackedGofer.start(container, tree, options);
    await attack({ gofer, tree });
    console.log(`${name}: ${describeReport(await gofer.end())}`);
  };
  processTest(name, run, secondsMax);
}

function describeReport(report: AttackReport): string {
  const { memoryBefore, memoryAfter, descriptorsBefore, descriptorsAfter, longestWaitMillis } = report;
  const mebibytes = [memoryBefore.now, memoryAfter.peak, memoryAfter.now].map((bytes) => Math.round(bytes / mebibyte));
  return (
    `resident memory ${mebibytes.join("/")} MiB (before/peak/after), descriptors ${descriptorsBefore}/${descriptorsAfter} ` +
    `(before/after), longest wait of a bystander ${longestWaitMillis.toFixed(1)} ms`
  );
}
