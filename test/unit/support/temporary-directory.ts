import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A new directory, which goes with all that is in it when it is disposed of. */
export class TemporaryDirectory implements Disposable {
  readonly path: string;

  /** Below `parent`, by default where temporary files go. */
  constructor(parent = tmpdir()) {
    this.path = mkdtempSync(join(parent, "bun-gofer-test-"));
  }

  /** The path of a file in it. */
  join(...names: readonly string[]): string {
    return join(this.path, ...names);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
