import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A directory that is gone, with all in it, when its scope ends. */
export class TemporaryDirectory implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "bun-gofer-test-"));

  /** The absolute path of `name`, which need not exist. */
  at(name: string): string {
    return join(this.path, name);
  }

  writeProgram(name: string, bytes: Uint8Array): string {
    writeFileSync(this.at(name), bytes, { mode: 0o755 });
    return this.at(name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}
