import { addressOf, allocateStaticMemory, memory } from "./arena.ts";
import type { CodePage } from "./code-page.ts";
import { outcomeOf } from "./errno.ts";
import { SA_RESTART, SA_RESTORER } from "./linux.ts";
import { currentArchitecture, syscallNumber } from "./machine.ts";
import { sigactionLayout } from "./structs.ts";
import { syscallStub } from "./stubs.ts";
import { syscalls } from "./syscalls.ts";

const kernelSignalSetBytes = 8;

/** Emits what a signal handler returns to, and gives its address. Source: sigreturn(2). */
export function emitSignalRestorer(codePage: CodePage): number {
  const architecture = currentArchitecture();
  return codePage.emit(syscallStub(syscallNumber("rt_sigreturn", architecture), architecture));
}

/**
 * Makes the code at `handler` handle a signal, in all threads of the process; `restorer` is where it returns to. What a signal
 * interrupts goes on afterwards where the kernel can see to that: the runtime's own system calls, and ours that do not look for
 * EINTR. Throws when the kernel refuses. Source: sigaction(2).
 */
export function setSignalHandler(signal: number, handler: number, restorer: number): void {
  const { view } = memory;
  view.setBigUint64(action + sigactionLayout.handler, BigInt(handler), true);
  view.setBigUint64(action + sigactionLayout.restorer, BigInt(restorer), true);
  view.setBigUint64(action + sigactionLayout.flags, BigInt(SA_RESTORER | SA_RESTART), true);
  const outcome = outcomeOf(syscalls.rt_sigaction(signal, addressOf(action), 0, kernelSignalSetBytes));
  if (outcome !== undefined) throw new Error(`cannot install a handler for signal ${signal}: ${outcome}`);
}

const action = allocateStaticMemory(sigactionLayout.bytes);
