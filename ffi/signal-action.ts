import { addressOf, allocateStaticMemory, memory } from "./arena.ts";
import type { CodePage } from "./code-page.ts";
import { outcomeOf, type Result } from "./errno.ts";
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
  const outcome = setSignalAction(signal, { handler, restorer, flags: SA_RESTORER | SA_RESTART });
  if (outcome !== undefined) throw new Error(`cannot install a handler for signal ${signal}: ${outcome}`);
}

/** The kernel's struct sigaction. */
export interface SignalAction {
  /** The address of the code, or SIG_IGN. */
  readonly handler: number;
  /** Where the code returns to; with SA_RESTORER. */
  readonly restorer?: number;
  readonly flags?: number;
  /** The signals that have to wait meanwhile, one bit each; none by default. */
  readonly mask?: bigint;
}

/** What becomes of a signal, in all threads of the process. Source: sigaction(2). */
export function setSignalAction(
  signal: number,
  { handler, restorer = 0, flags = 0, mask = 0n }: SignalAction,
): Result<void> {
  const { view } = memory;
  view.setBigUint64(action + sigactionLayout.handler, BigInt(handler), true);
  view.setBigUint64(action + sigactionLayout.restorer, BigInt(restorer), true);
  view.setBigUint64(action + sigactionLayout.flags, BigInt(flags), true);
  view.setBigUint64(action + sigactionLayout.mask, mask, true);
  return outcomeOf(syscalls.rt_sigaction(signal, addressOf(action), 0, kernelSignalSetBytes));
}

const action = allocateStaticMemory(sigactionLayout.bytes);
