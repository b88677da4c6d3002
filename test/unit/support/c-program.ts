import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Whether C programs can be compiled here; tests against C's own numbers are skipped where not. */
export const hasCompiler = Bun.which("gcc") !== null;

/** What a C program with these lines before and in main() prints. Throws when it does not compile or fails. */
export function outputOfC(preamble: string, main: string): string {
  const directory = mkdtempSync(join(tmpdir(), "bun-gofer-c-"));
  try {
    const program = join(directory, "program");
    const source = `#define _GNU_SOURCE\n#include <stdio.h>\n#include <stddef.h>\n${preamble}\nint main(void) {\n${main}\nreturn 0;\n}\n`;
    const compiled = Bun.spawnSync(["gcc", "-w", "-x", "c", "-", "-o", program], { stdin: Buffer.from(source) });
    if (!compiled.success) throw new Error(compiled.stderr.toString());
    const run = Bun.spawnSync([program]);
    if (!run.success) throw new Error(`the C program failed: ${run.exitCode}`);
    return run.stdout.toString();
  } finally {
    rmSync(directory, { recursive: true });
  }
}
