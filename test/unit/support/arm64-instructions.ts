import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const objdump = "aarch64-linux-gnu-objdump";

export const canDisassembleArm64 = Bun.which(objdump) !== null;

/** The instructions that a disassembler sees in arm64 code, each with single spaces and without its remarks. */
export function arm64Instructions(code: Uint8Array): string[] {
  const directory = mkdtempSync(join(tmpdir(), "bun-gofer-stub-"));
  try {
    const file = join(directory, "code");
    writeFileSync(file, code);
    const run = Bun.spawnSync([objdump, "-D", "-b", "binary", "-m", "aarch64", "--no-show-raw-insn", file]);
    return [...run.stdout.toString().matchAll(/^\s+[0-9a-f]+:\t([^/\n]*)/gm)].map(([, text = ""]) =>
      text.replace(/\s+/g, " ").trim(),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}
