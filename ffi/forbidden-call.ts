import { addressOf, allocateMemory, memory } from "./arena.ts";
import { CodePage } from "./code-page.ts";
import {
  type ForbiddenCallEnd,
  forbiddenCallData,
  forbiddenCallDataBytes,
  forbiddenCallHandler,
} from "./forbidden-call-stub.ts";
import { SA_RESTORER, SA_SIGINFO, SIGSYS } from "./linux.ts";
import { currentArchitecture } from "./machine.ts";
import { setSignalAction } from "./signal-action.ts";

const allSignals = 2n ** 64n - 1n;

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
  // The kernel wants to know where a handler returns to, even of one that never does.
  const action = { handler, restorer: handler, flags: SA_RESTORER | SA_SIGINFO, mask: allSignals };
  const outcome = setSignalAction(SIGSYS, action);
  if (outcome !== undefined) throw new Error(`cannot install the handler of SIGSYS: ${outcome}`);
}
