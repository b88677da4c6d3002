import { addressOf, allocateStaticMemory, memory } from "./arena.ts";
import { CodePage } from "./code-page.ts";
import { outcomeOf, type Result } from "./errno.ts";
import type { HostFd } from "./host-fd.ts";
import { F_GETFL, F_OWNER_TID, F_SETFL, F_SETOWN_EX, O_ASYNC, SIGIO } from "./linux.ts";
import { currentArchitecture } from "./machine.ts";
import { threadId } from "./process.ts";
import { emitSignalRestorer, setSignalHandler } from "./signal-action.ts";
import { fileOwnerLayout } from "./structs.ts";
import { countingSignalHandlerStub } from "./stubs.ts";
import { syscalls } from "./syscalls.ts";

/**
 * The doorbell: one word in memory that counts up whenever a socket that rings it has something to read. It lets a thread that
 * sleeps on futex words wake for sockets too: the kernel sends SIGIO for the socket (fcntl(2), O_ASYNC), and the handler adds one
 * to the word. The count may wrap; only its changing means anything.
 */
export const doorbellWord = allocateStaticMemory(4);

let isInstalled = false;

/** Installs the signal handler, the first time it is called; to be called before ringDoorbellFor(). Throws when the kernel refuses. */
export function installDoorbell(): void {
  if (isInstalled) return;
  const codePage = new CodePage();
  const handler = codePage.emit(countingSignalHandlerStub(addressOf(doorbellWord), currentArchitecture()));
  const restorer = emitSignalRestorer(codePage);
  codePage.seal();
  setSignalHandler(SIGIO, handler, restorer);
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
