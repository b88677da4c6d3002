import { addressOf, allocateStaticMemory, memory } from "./arena.ts";
import { outcomeOf, type Result } from "./errno.ts";
import type { HostFd } from "./host-fd.ts";
import { SIG_IGN, SIGCHLD, WNOHANG } from "./linux.ts";
import { setSignalAction } from "./signal-action.ts";
import { rlimitLayout } from "./structs.ts";
import { syscalls } from "./syscalls.ts";

const rlimit = allocateStaticMemory(rlimitLayout.bytes);
const anyChild = -1;

/** The real and effective user and group of the calling thread. */
export interface ProcessIds {
  readonly uid: number;
  readonly euid: number;
  readonly gid: number;
  readonly egid: number;
}

/** Source: getuid(2), getgid(2). */
export function processIds(): ProcessIds {
  return {
    uid: syscalls.getuid() >>> 0,
    euid: syscalls.geteuid() >>> 0,
    gid: syscalls.getgid() >>> 0,
    egid: syscalls.getegid() >>> 0,
  };
}

/** The kernel's ID of the calling thread. Source: gettid(2). */
export function threadId(): number {
  return syscalls.gettid();
}

/** Changes the user of the calling thread only. Source: setuid(2), "C library/kernel differences". */
export function setThreadUser(uid: number): Result<void> {
  return outcomeOf(syscalls.setuid(uid | 0));
}

/** Changes the group of the calling thread only. Source: setgid(2). */
export function setThreadGroup(gid: number): Result<void> {
  return outcomeOf(syscalls.setgid(gid | 0));
}

/** Source: umask(2). */
export function setFileModeMask(mask: number): void {
  syscalls.umask(mask);
}

/** Sets the soft and the hard limit of `resource` (RLIMIT_…). Source: setrlimit(2). */
export function setResourceLimit(resource: number, limit: number): Result<void> {
  memory.view.setBigUint64(rlimit + rlimitLayout.current, BigInt(limit), true);
  memory.view.setBigUint64(rlimit + rlimitLayout.maximum, BigInt(limit), true);
  return outcomeOf(syscalls.setrlimit(resource, addressOf(rlimit)));
}

/**
 * Lets the kernel reap ended children: the process no longer waits for any. Those that ended before are reaped here.
 * Source: sigaction(2), SIGCHLD; wait4(2).
 */
export function ignoreEndedChildren(): Result<void> {
  const outcome = setSignalAction(SIGCHLD, { handler: SIG_IGN });
  if (outcome !== undefined) return outcome;
  let reaped: number;
  do reaped = syscalls.wait4(anyChild, 0, WNOHANG, 0);
  while (reaped > 0);
  return undefined;
}

/** Lets standard error go where `fd` goes, which is borrowed. Source: dup3(2). */
export function redirectStandardError(fd: HostFd): Result<void> {
  const standardError = 2;
  const returned = syscalls.dup3(fd, standardError, 0);
  return returned < 0 ? outcomeOf(returned) : undefined;
}
