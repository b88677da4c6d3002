import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Architecture, currentArchitecture } from "../../../../ffi/machine.ts";

/** The disassembler for each architecture, and how it is asked for code without a header. */
const disassemblers: Readonly<Record<Architecture, { readonly program: string; readonly flags: readonly string[] }>> = {
  x64: {
    program: currentArchitecture() === "x64" ? "objdump" : "x86_64-linux-gnu-objdump",
    flags: ["-m", "i386:x86-64", "-M", "intel"],
  },
  arm64: { program: "aarch64-linux-gnu-objdump", flags: ["-m", "aarch64"] },
};

export function hasDisassembler(architecture: Architecture): boolean {
  return Bun.which(disassemblers[architecture].program) !== null;
}

/** The instructions that a disassembler sees in `code`, each with single spaces and without its remarks. */
export function disassemble(code: Uint8Array, architecture: Architecture): string[] {
  const { program, flags } = disassemblers[architecture];
  const directory = mkdtempSync(join(tmpdir(), "bun-gofer-code-"));
  try {
    const file = join(directory, "code");
    writeFileSync(file, code);
    const run = Bun.spawnSync([program, "-D", "-b", "binary", ...flags, "--no-show-raw-insn", file]);
    return [...run.stdout.toString().matchAll(/^\s+[0-9a-f]+:\t([^/#\n]*(?:#[0-9a-fx]+[^/\n]*)?)/gm)].map(
      ([, text = ""]) => text.replace(/\s+/g, " ").trim(),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}
