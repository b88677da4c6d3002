import { type ProcessTest, processTest } from "../../process/support/process-test.ts";
import { type AttackReport, describeReport } from "./attack-report.ts";
import { AttackedGofer, type AttackOptions } from "./attacked-gofer.ts";
import { ServedTree } from "./served-tree.ts";

/** What an attack gets: the gofer, and the tree as the host sees it. */
export interface Attack {
  readonly gofer: AttackedGofer;
  readonly tree: ServedTree;
}

interface Telling {
  readonly tell?: (report: AttackReport) => void;
  readonly secondsMax?: number;
}

/**
 * Declares a test that attacks a gofer. Whatever the attack does, the gofer must live, serve a bystander, have opened and changed
 * nothing outside the tree, keep within its memory, and in the end have nothing left open and exit with 0. What came of it is
 * printed, or given to `tell`.
 */
export function attackTest(
  name: string,
  options: AttackOptions,
  attack: (given: Attack) => Promise<void> | void,
  { tell = (report) => console.log(`${name}: ${describeReport(report)}`), secondsMax }: Telling = {},
): void {
  const run = async ({ container }: ProcessTest): Promise<void> => {
    using tree = new ServedTree(container);
    await using gofer = AttackedGofer.start(container, tree, options);
    await attack({ gofer, tree });
    tell(await gofer.end());
  };
  processTest(name, run, secondsMax);
}
