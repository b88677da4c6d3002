import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Architecture } from "../../../ffi/machine.ts";
import { runProgram, whyNotRunnable } from "../elf/support/run-program.ts";

/** Where a flat program is in memory. */
export const flatProgramAddress = 0x400000;

const machines = { x64: "x86-64", arm64: "arm64" } as const;
const machineNumbers = { x64: 62, arm64: 183 } as const;
const pageBytesMax = 0x10000;

/** Why such a program cannot run here; undefined when it can. */
export function whyNoFlatProgram(architecture: Architecture): string | undefined {
  return whyNotRunnable(machines[architecture]);
}

/**
 * A static ELF64 program of one segment that can be read, written and executed, from its first byte on. `entry` is where it starts,
 * from there; the first 0x80 bytes are taken.
 */
export function flatProgram(architecture: Architecture, bytes: number, entry: number): Uint8Array<ArrayBuffer> {
  const program = new Uint8Array(bytes);
  const view = new DataView(program.buffer);
  program.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, machineNumbers[architecture], true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(flatProgramAddress + entry), true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  const readWriteExecute = 7;
  view.setUint32(64, 1, true);
  view.setUint32(68, readWriteExecute, true);
  for (const [place, value] of [0, flatProgramAddress, flatProgramAddress, bytes, bytes, pageBytesMax].entries()) {
    view.setBigUint64(72 + place * 8, BigInt(value), true);
  }
  return program;
}

/** Runs the program, in an emulator if need be. */
export function runFlatProgram(
  architecture: Architecture,
  program: Uint8Array,
): { readonly status: number; readonly written: Uint8Array } {
  const directory = mkdtempSync(join(tmpdir(), "bun-gofer-program-"));
  try {
    const file = join(directory, "program");
    writeFileSync(file, program);
    chmodSync(file, 0o755);
    const { status, stdout } = runProgram(machines[architecture], file, ["program"]);
    return { status, written: stdout };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
