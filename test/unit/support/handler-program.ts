import type { Architecture } from "../../../ffi/machine.ts";
import { type EndingParts, endingSignalHandlerStub, type RingingParts } from "../../../ffi/signal-stubs.ts";
import { flatProgramAddress as base, flatProgram, runFlatProgram } from "./flat-program.ts";

/** Where in the program things stand. */
const at = { atOnce: 0x100, count: 0x104, bell: 0x108, one: 0x110, text: 0x120, entry: 0x200, handler: 0x300 } as const;
const programBytes = 0x1000;
const standardOutput = 1;

/** Calls the handler, and exits with the count and 16 times the bell's count. */
const callers: Readonly<Record<Architecture, Uint8Array>> = {
  x64: Uint8Array.of(
    ...[0xe8, 0xfb, 0x00, 0x00, 0x00], //                   call handler
    ...[0x8b, 0x3c, 0x25, 0x04, 0x01, 0x40, 0x00], //       mov edi, [count]
    ...[0x8b, 0x04, 0x25, 0x08, 0x01, 0x40, 0x00], //       mov eax, [bell]
    ...[0xc1, 0xe0, 0x04, 0x01, 0xc7], //                   shl eax, 4; add edi, eax
    ...[0xb8, 0xe7, 0x00, 0x00, 0x00, 0x0f, 0x05], //       exit_group
  ),
  arm64: new Uint8Array(
    Uint32Array.of(
      0x94000040, //                            bl handler
      0xd2a00801, //                            movz x1, #0x40, lsl #16
      0xb9410420, //                            ldr w0, [x1, #count]
      0xb9410822, //                            ldr w2, [x1, #bell]
      0x0b021000, //                            add w0, w0, w2, lsl #4
      0xd2800bc8, //                            mov x8, #94 (exit_group)
      0xd4000001, //                            svc #0
    ).buffer,
  ),
};

/**
 * Runs an ending handler as a plain function in a program of its own, with standard output for the bell's eventfd and for its last
 * words, which are `text`. Gives the exit status and what was written.
 */
export function runEndingHandler(
  architecture: Architecture,
  { atOnce, text, status }: { readonly atOnce: number; readonly text: string; readonly status: number },
): { readonly status: number; readonly written: Uint8Array } {
  const ringing: RingingParts = {
    countWord: base + at.count,
    bellWord: base + at.bell,
    bellFd: standardOutput,
    one: base + at.one,
  };
  const words = { descriptor: standardOutput, address: base + at.text, bytes: text.length };
  const ending: EndingParts = { atOnceWord: base + at.atOnce, writes: [words], status };
  const program = flatProgram(architecture, programBytes, at.entry);
  const view = new DataView(program.buffer);
  view.setUint32(at.atOnce, atOnce, true);
  view.setUint32(at.one, 1, true);
  program.set(Buffer.from(text), at.text);
  program.set(callers[architecture], at.entry);
  program.set(endingSignalHandlerStub(ending, ringing, architecture), at.handler);
  return runFlatProgram(architecture, program);
}
