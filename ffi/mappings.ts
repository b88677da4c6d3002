import { addressOf, allocateMemory, recycleMemory } from "./arena.ts";
import { byteStringOf } from "./byte-string.ts";
import { cString } from "./c-string.ts";
import { Errno, fail, outcomeOf, type Result } from "./errno.ts";
import { fdResultOf, type HostFd, takeAndClose } from "./host-fd.ts";
import {
  F_ADD_SEALS,
  F_SEAL_SEAL,
  F_SEAL_SHRINK,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_PRIVATE,
  MAP_SHARED,
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
  PROT_READ,
  PROT_WRITE,
} from "./linux.ts";
import { syscalls } from "./syscalls.ts";

/**
 * A file in memory of `bytes` bytes that nobody can shrink, so that a peer who shares it cannot make us fault. The caller
 * owns the descriptor. Source: memfd_create(2), fcntl(2) "File Sealing".
 */
export function createSealedMemoryFile(name: string, bytes: number): Result<HostFd> {
  const created = fdResultOf(syscalls.memfd_create(cString(byteStringOf(name)), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (typeof created !== "number") return created;
  let returned = syscalls.ftruncate(created, bytes);
  if (returned === 0) returned = syscalls.fcntl(created, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL);
  if (returned < 0) {
    takeAndClose(created);
    return fail(-returned);
  }
  return created;
}

/**
 * Maps `bytes` of `file` from byte `fileOffset` into the arena, shared, readable and writable, and gives the arena offset. The
 * caller owns the mapping until unmapShared(). Both numbers are whole pages. Source: mmap(2).
 */
export function mapShared(file: HostFd, fileOffset: number, bytes: number): Result<number> {
  const at = allocateMemory(bytes);
  if (at === undefined) return fail(Errno.ENOMEM);
  const protection = PROT_READ | PROT_WRITE;
  const returned = Number(syscalls.mmap(addressOf(at), bytes, protection, MAP_SHARED | MAP_FIXED, file, fileOffset));
  if (returned < 0) {
    recycleMemory(at, bytes);
    return fail(-returned);
  }
  return at;
}

/** Ends what mapShared() or allocateMemory() gave: the memory goes back to the kernel and its place to the arena. */
export function releaseMemory(at: number, bytes: number): Result<void> {
  const protection = PROT_READ | PROT_WRITE;
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  const returned = Number(syscalls.mmap(addressOf(at), bytes, protection, flags, -1, 0));
  if (returned < 0) return outcomeOf(returned);
  recycleMemory(at, bytes);
  return undefined;
}
