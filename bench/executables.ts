import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { repositoryRoot } from "./results-folder.ts";

function executable(variable: string, usual: string): string {
  return resolve(repositoryRoot, process.env[variable] ?? usual);
}

/** The runsc whose gofer ours is compared with. */
export const stockRunsc = executable("STOCK_RUNSC", "dist/runsc-stock");

/** Our gofer. */
export const ourGofer = executable("BUN_GOFER", "dist/bun-gofer");

/** Why gofers cannot be started here; undefined when they can. */
export function reasonToSkip(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root";
  const missing = [stockRunsc, ourGofer].find((path) => !existsSync(path));
  if (missing !== undefined) return `${missing} does not exist`;
  return Bun.which("go") === null ? "missing: go" : undefined;
}
