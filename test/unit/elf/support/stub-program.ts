import { type Machine, roundUp } from "../../../../src/elf/elf64.ts";
import { entryStub } from "../../../../src/elf/entry-stub.ts";

interface StubProgramOptions {
  readonly machine: Machine;
  readonly goferPath: string;
  readonly argv: readonly string[];
  /** Entries of any form, also such as no launcher hands over. */
  readonly environment: readonly string[];
}

const programAddress = 0x400000;
const codeOffset = 0x80;
const setStackBytes = 16;
const machineNumber: Readonly<Record<Machine, number>> = { "x86-64": 62, arm64: 183 };

/**
 * A static program that sets its stack to one of ours, with these arguments and this environment, and then is the entry
 * stub. What a kernel, an emulator or a launcher would do to them thus does not come into play.
 */
export function stubProgram(options: StubProgramOptions): Uint8Array {
  const { machine, goferPath, argv, environment } = options;
  const stub = entryStub(machine, goferPath);
  const stubOffset = codeOffset + setStackBytes;
  const stackOffset = roundUp(stubOffset + stub.length, 16);
  const stack = initialStack(programAddress + stackOffset, argv, environment);
  const program = new Uint8Array(stackOffset + stack.length);
  writeHeaders(new DataView(program.buffer), machine, program.length);
  const setStack = machine === "x86-64" ? setStackX8664 : setStackArm64;
  program.set(setStack(programAddress + stackOffset), codeOffset);
  program.set(stub.link(programAddress + stubOffset, new Map([["originalEntry", programAddress]])), stubOffset);
  program.set(stack, stackOffset);
  return program;
}

/** argc, argv, the environment and their null pointers, then the strings. */
function initialStack(address: number, argv: readonly string[], environment: readonly string[]): Uint8Array {
  const strings = [...argv, ...environment].map((text) => new TextEncoder().encode(`${text}\0`));
  const words = 1 + strings.length + 2;
  const stack = new Uint8Array(strings.reduce((sum, { length }) => sum + length, words * 8));
  const view = new DataView(stack.buffer);
  view.setBigUint64(0, BigInt(argv.length), true);
  let at = words * 8;
  for (const [index, bytes] of strings.entries()) {
    const word = 1 + index + (index < argv.length ? 0 : 1);
    view.setBigUint64(word * 8, BigInt(address + at), true);
    stack.set(bytes, at);
    at += bytes.length;
  }
  return stack;
}

/** One segment holds it all: it is read, written and executed. */
function writeHeaders(view: DataView, machine: Machine, bytes: number): void {
  for (const [index, byte] of [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1].entries()) {
    view.setUint8(index, byte);
  }
  view.setUint16(16, 2, true);
  view.setUint16(18, machineNumber[machine], true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(programAddress + codeOffset), true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint32(64, 1, true);
  view.setUint32(68, 7, true);
  for (const [index, value] of [0, programAddress, programAddress, bytes, bytes, 0x10000].entries()) {
    view.setBigUint64(72 + index * 8, BigInt(value), true);
  }
}

function setStackX8664(address: number): Uint8Array {
  const nops = Array.from({ length: 9 }, () => 0x90);
  const addressBytes = new Uint8Array(Uint32Array.of(address).buffer);
  return Uint8Array.of(0x48, 0xc7, 0xc4, ...addressBytes, ...nops); // mov rsp, address
}

function setStackArm64(address: number): Uint8Array {
  const low = 0xd2800010 | ((address & 0xffff) << 5); //   mov x16, #low
  const high = 0xf2a00010 | ((address >>> 16) << 5); //    movk x16, #high, lsl #16
  return new Uint8Array(Uint32Array.of(low, high, 0x9100021f, 0xd503201f).buffer); // mov sp, x16; nop
}
