import { addressOf, allocateStaticMemory, memory } from "./arena.ts";
import { CodePage } from "./code-page.ts";
import { outcomeOf, type Result } from "./errno.ts";
import type { HostFd } from "./host-fd.ts";
import { F_GETFL, F_OWNER_TID, F_SETFL, F_SETOWN_EX, O_ASYNC, SA_RESTART, SA_RESTORER, SIGIO } from "./linux.ts";
import { currentArchitecture, syscallNumber } from "./machine.ts";
import { threadId } from "./process.ts";
import { fileOwnerLayout, sigactionLayout } from "./structs.ts";
import { countingSignalHandlerStub, syscallStub } from "./stubs.ts";
import { syscalls } from "./syscalls.ts";

/**
 * The doorbell: one word in memory that counts up whenever a socket that rings it has something to read. It lets a thread that
 * sleeps on futex words wake for sockets too: the kernel sends SIGIO for the socket (fcntl(2), O_ASYNC), and the handler adds one
 * to the word. The count may wrap; only its changing means anything.
 */
export const doorbellWord = allocateStaticMemory(4);

const kernelSignalSetBytes = 8;

let isInstalled = false;

/** Installs the signal handler, the first time it is called; to be called before ringDoorbellFor(). Throws when the kernel refuses. */
export function installDoorbell(): void {
  if (isInstalled) return;
  const architecture = currentArchitecture();
  const codePage = new CodePage();
  const handler = codePage.emit(countingSignalHandlerStub(addressOf(doorbellWord), architecture));
  const restorer = codePage.emit(syscallStub(syscallNumber("rt_sigreturn", architecture), architecture));
  codePage.seal();
  const action = allocateStaticMemory(sigactionLayout.bytes);
  const { view } = memory;
  view.setBigUint64(action + sigactionLayout.handler, BigInt(handler), true);
  view.setBigUint64(action + sigactionLayout.restorer, BigInt(restorer), true);
  // The runtime's own system calls, and ours that do not look for EINTR, go on after the bell has rung.
  view.setBigUint64(action + sigactionLayout.flags, BigInt(SA_RESTORER | SA_RESTART), true);
  const outcome = outcomeOf(syscalls.rt_sigaction(SIGIO, addressOf(action), 0, kernelSignalSetBytes));
  if (outcome !== undefined) throw new Error(`cannot install the doorbell's signal handler: ${outcome}`);
  isInstalled = true;
}

/** How often the doorbell has rung. */
export function doorbellCount(): number {
  return Atomics.load(memory.i32, doorbellWord >> 2);
}

/** Lets `socket` ring the doorbell of the calling thread, or no longer. Borrows it. Source: fcntl(2), F_SETOWN_EX. */
export function ringDoorbellFor(socket: HostFd, on: boolean): Result<void> {
  const { view } = memory;
  view.setInt32(owner + fileOwnerLayout.type, F_OWNER_TID, true);
  view.setInt32(owner + fileOwnerLayout.pid, threadId(), true);
  const owned = syscalls.fcntl(socket, F_SETOWN_EX, addressOf(owner));
  if (owned < 0) return outcomeOf(owned);
  const flags = syscalls.fcntl(socket, F_GETFL, 0);
  if (flags < 0) return outcomeOf(flags);
  return outcomeOf(syscalls.fcntl(socket, F_SETFL, on ? flags | O_ASYNC : flags & ~O_ASYNC));
}

const owner = allocateStaticMemory(fileOwnerLayout.bytes);
