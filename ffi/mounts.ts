import { addressOf, allocateStaticMemory, memory } from "./arena.ts";
import type { ByteString } from "./byte-string.ts";
import { cString, emptyCString, secondCString } from "./c-string.ts";
import { outcomeOf, type Result } from "./errno.ts";
import { type HostFd, workingDirectory } from "./host-fd.ts";
import { AT_EMPTY_PATH, AT_RECURSIVE, MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_EMPTY_PATH } from "./linux.ts";
import { mountAttrLayout, statfsLayout } from "./structs.ts";
import { syscalls } from "./syscalls.ts";

const fileSystemType = allocateStaticMemory(256);
const statfs = allocateStaticMemory(statfsLayout.bytes);
const mountAttr = allocateStaticMemory(mountAttrLayout.bytes);

/** Mounts `source` on `target`; flags are MS_…. Source: mount(2). */
export function mount(source: ByteString, target: ByteString, type: string, flags: number): Result<void> {
  memory.buffer.write(`${type}\0`, fileSystemType, 256, "latin1");
  return outcomeOf(syscalls.mount(cString(source), secondCString(target), addressOf(fileSystemType), flags, 0));
}

/** Attaches mounts that are attached nowhere yet, by a descriptor of theirs, to what `target` is open on. Source: move_mount(2). */
export function attachMount(detached: HostFd, target: HostFd): Result<void> {
  const flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  return outcomeOf(syscalls.move_mount(detached, emptyCString, target, emptyCString, flags));
}

/** What is to change of a mount: MOUNT_ATTR_…, cleared first and then set. */
export interface MountAttributes {
  readonly set: number;
  readonly clear: number;
}

/** Changes the mount whose root `mountRoot` is open on; `recursive`: those below it as well. Source: mount_setattr(2). */
export function setMountAttributes(
  mountRoot: HostFd,
  { set, clear }: MountAttributes,
  recursive: boolean,
): Result<void> {
  const { view } = memory;
  view.setBigUint64(mountAttr + mountAttrLayout.set, BigInt(set), true);
  view.setBigUint64(mountAttr + mountAttrLayout.clear, BigInt(clear), true);
  const flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
  return outcomeOf(syscalls.mount_setattr(mountRoot, emptyCString, flags, addressOf(mountAttr), mountAttrLayout.bytes));
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
