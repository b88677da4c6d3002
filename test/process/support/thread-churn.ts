import { join } from "node:path";

const source = join(import.meta.dir, "thread-churn.c");

/** Why no thread churn can be built here; undefined where it can. */
export const whyNoThreadChurn = Bun.which("gcc") === null ? "missing: gcc" : undefined;

/**
 * Builds, in `directory`, a library that lets threads come and go in the gofer it is preloaded into, and gives its path. Throws when
 * it does not compile.
 */
export function buildThreadChurn(directory: string): string {
  const library = join(directory, "thread-churn.so");
  const built = Bun.spawnSync(["gcc", "-O2", "-shared", "-fPIC", "-pthread", "-o", library, source]);
  if (!built.success) throw new Error(`gcc: ${built.stderr.toString()}`);
  return library;
}
