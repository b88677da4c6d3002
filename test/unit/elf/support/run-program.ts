import type { Machine } from "../../../../src/elf/elf64.ts";

interface Run {
  readonly status: number;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

export const nativeMachine: Machine = process.arch === "arm64" ? "arm64" : "x86-64";
const emulatorNames: Readonly<Record<Machine, readonly string[]>> = {
  "x86-64": ["qemu-x86_64-static", "qemu-x86_64"],
  arm64: ["qemu-aarch64-static", "qemu-aarch64"],
};

/** Why programs for `machine` cannot run here, for the title of a skipped test; undefined when they can. */
export function whyNotRunnable(machine: Machine): string | undefined {
  return machine === nativeMachine || emulatorOf(machine) !== undefined
    ? undefined
    : `no ${emulatorNames[machine].join(" or ")}`;
}

/** Runs a program of `machine`, in an emulator if need be, with exactly this argv[0] and environment. */
export function runProgram(
  machine: Machine,
  file: string,
  argv: readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
): Run {
  const [argv0, ...args] = argv;
  const emulator = machine === nativeMachine ? undefined : emulatorOf(machine);
  const run =
    emulator === undefined
      ? Bun.spawnSync({ cmd: [file, ...args], argv0, env: { ...env } })
      : Bun.spawnSync({ cmd: [emulator, "-0", argv0, file, ...args], env: { ...env } });
  return { status: run.exitCode, stdout: run.stdout, stderr: run.stderr.toString() };
}

function emulatorOf(machine: Machine): string | undefined {
  return emulatorNames[machine].map((name) => Bun.which(name)).find((path) => path !== null) ?? undefined;
}
