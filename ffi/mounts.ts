import { addressOf, allocateStaticMemory, memory } from "./arena.ts";
import type { ByteString } from "./byte-string.ts";
import { cString, secondCString } from "./c-string.ts";
import { outcomeOf, type Result } from "./errno.ts";
import { workingDirectory } from "./host-fd.ts";
import { statfsLayout } from "./structs.ts";
import { syscalls } from "./syscalls.ts";

const fileSystemType = allocateStaticMemory(256);
const statfs = allocateStaticMemory(statfsLayout.bytes);

/** Mounts `source` on `target`; flags are MS_…. Source: mount(2). */
export function mount(source: ByteString, target: ByteString, type: string, flags: number): Result<void> {
  memory.buffer.write(`${type}\0`, fileSystemType, 256, "latin1");
  return outcomeOf(syscalls.mount(cString(source), secondCString(target), addressOf(fileSystemType), flags, 0));
}

/** Source: umount2(2). */
export function unmount(target: ByteString, flags: number): Result<void> {
  return outcomeOf(syscalls.umount2(cString(target), flags));
}

/** Makes the working directory the root; the old root is mounted over it. Source: pivot_root(2), "pivot_root(".", ".")". */
export function pivotToWorkingDirectory(): Result<void> {
  const dot = cString("." as ByteString);
  return outcomeOf(syscalls.pivot_root(dot, dot));
}

/** Source: chroot(2). */
export function changeRoot(path: ByteString): Result<void> {
  return outcomeOf(syscalls.chroot(cString(path)));
}

/** Source: chdir(2). */
export function changeDirectory(path: ByteString): Result<void> {
  return outcomeOf(syscalls.chdir(cString(path)));
}

/** Whether the path can be read, by the process's real IDs. Source: access(2). */
export function checkReadable(path: ByteString): Result<void> {
  const readable = 4;
  return outcomeOf(syscalls.faccessat(workingDirectory, cString(path), readable));
}

/** What is used of struct statfs when mounting: the file system's type and the mount's flags (ST_…). */
export interface FileSystemInfo {
  readonly type: number;
  readonly flags: number;
}

/** Source: statfs(2). */
export function fileSystemInfo(path: ByteString): Result<FileSystemInfo> {
  const outcome = outcomeOf(syscalls.statfs(cString(path), addressOf(statfs)));
  if (outcome !== undefined) return outcome;
  const { view } = memory;
  return {
    type: view.getUint32(statfs + statfsLayout.type, true),
    flags: view.getUint32(statfs + statfsLayout.flags, true),
  };
}
