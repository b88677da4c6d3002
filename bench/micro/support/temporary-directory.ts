import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

/** A new directory below `parent` that is removed, with all in it, when its scope ends. */
export function temporaryDirectory(parent: string): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(parent, "bun-gofer-bench-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
