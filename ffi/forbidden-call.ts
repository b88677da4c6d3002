import { addressOf, allocateMemory, allocateStaticMemory, memory } from "./arena.ts";
import { CodePage } from "./code-page.ts";
import { outcomeOf } from "./errno.ts";
import {
  type ForbiddenCallEnd,
  forbiddenCallData,
  forbiddenCallDataBytes,
  forbiddenCallHandler,
} from "./forbidden-call-stub.ts";
import { SA_RESTORER, SA_SIGINFO, SIGSYS } from "./linux.ts";
import { currentArchitecture } from "./machine.ts";
import { sigactionLayout } from "./structs.ts";
import { syscalls } from "./syscalls.ts";

const kernelSignalSetBytes = 8;

/**
 * Lets a call that a filter traps end the process: the handler of SIGSYS, in place of the runtime's, writes one line with the call's
 * name and arguments to the descriptors and exits. No JavaScript is run, and the call is not made. To be installed before the filter
 * is. Throws when the kernel refuses. Source: sigaction(2), seccomp(2) SECCOMP_RET_TRAP.
 */
export function reportForbiddenCalls(nameOf: (number: number) => string | undefined, end: ForbiddenCallEnd): void {
  const architecture = currentArchitecture();
  const data = allocateMemory(forbiddenCallDataBytes);
  if (data === undefined) throw new Error("no memory for the names of the system calls");
  memory.u8.set(forbiddenCallData(nameOf, architecture), data);
  const codePage = new CodePage();
  const handler = codePage.emit(forbiddenCallHandler(addressOf(data), end, architecture));
  codePage.seal();
  const action = allocateStaticMemory(sigactionLayout.bytes);
  const { view } = memory;
  view.setBigUint64(action + sigactionLayout.handler, BigInt(handler), true);
  // The kernel wants to know where a handler returns to, even of one that never does.
  view.setBigUint64(action + sigactionLayout.restorer, BigInt(handler), true);
  view.setBigUint64(action + sigactionLayout.flags, BigInt(SA_RESTORER | SA_SIGINFO), true);
  view.setBigInt64(action + sigactionLayout.mask, -1n, true);
  const outcome = outcomeOf(syscalls.rt_sigaction(SIGSYS, addressOf(action), 0, kernelSignalSetBytes));
  if (outcome !== undefined) throw new Error(`cannot install the handler of SIGSYS: ${outcome}`);
}
