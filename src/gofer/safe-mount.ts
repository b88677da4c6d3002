import { dirname } from "node:path/posix";
import type { ByteString } from "../../ffi/byte-string.ts";
import { Failure } from "../../ffi/errno.ts";
import { type HostFd, OwnedFd } from "../../ffi/host-fd.ts";
import { attachMount, mount } from "../../ffi/mounts.ts";
import { descriptorPath, isDirectory, makeDirectories, makeFile, openPath, pathOf, quoted } from "./paths.ts";
import { type Attempt, StartFailure } from "./start-failure.ts";

/** One call of mount(2). */
export interface MountRequest {
  /** Empty where the call takes none. */
  readonly source: ByteString;
  /** Absolute, without symbolic links. */
  readonly target: ByteString;
  /** Empty where the call takes none. */
  readonly type: string;
  /** MS_…. */
  readonly flags: number;
}

/** Permissions of mount points that have to be made, less the umask. */
const mountPointMode = 0o777;

export const noPath = "" as ByteString;

/**
 * Mounts on a target that was opened first and proved to be where it is said to be, so that a symbolic link put there in the
 * meantime leads nowhere. `proc` is where the proc file system is mounted.
 */
export function safeMount(request: MountRequest, proc: ByteString): StartFailure | undefined {
  const { source, target, type, flags } = request;
  const opened = openProved(target, proc);
  if (opened instanceof StartFailure) return opened;
  using fd = new OwnedFd(opened);
  const mounted = mount(source, descriptorPath(fd.borrow(), proc), type, flags);
  if (!(mounted instanceof Failure)) return undefined;
  return failed(`cannot mount ${quoted(source)} on ${quoted(target)} with flags 0x${flags.toString(16)}: ${mounted}`);
}

/** As safeMount(), after making a target of the kind that the source is: a directory or a file. */
export function makeTargetAndMount(request: MountRequest, proc: ByteString): StartFailure | undefined {
  return makeTarget(request.source, request.target) ?? safeMount(request, proc);
}

/**
 * As makeTargetAndMount(), for a mount that is there already but attached nowhere: `detached` (borrowed) is open on its root.
 * Source: open_tree(2), OPEN_TREE_CLONE.
 */
export function makeTargetAndAttach(detached: HostFd, target: ByteString, proc: ByteString): StartFailure | undefined {
  const made = makeTarget(descriptorPath(detached, proc), target);
  if (made !== undefined) return made;
  const opened = openProved(target, proc);
  if (opened instanceof StartFailure) return opened;
  using fd = new OwnedFd(opened);
  const attached = attachMount(detached, fd.borrow());
  return attached instanceof Failure ? failed(`cannot attach a mount to ${quoted(target)}: ${attached}`) : undefined;
}

/** Opens what is at the path, which must lead there by no symbolic link. The caller owns it. */
function openProved(path: ByteString, proc: ByteString): Attempt<HostFd> {
  const opened = openPath(path);
  if (opened instanceof Failure) return failed(`cannot open ${quoted(path)}: ${opened}`);
  using fd = new OwnedFd(opened);
  const actual = pathOf(fd.borrow(), proc);
  if (actual instanceof Failure) return failed(`cannot tell where ${quoted(path)} is: ${actual}`);
  if (actual !== path) return failed(`${quoted(path)} leads to ${quoted(actual)}: want a path without symbolic links`);
  return fd.release();
}

function makeTarget(source: ByteString, target: ByteString): StartFailure | undefined {
  const directory = isDirectory(source);
  if (directory instanceof Failure) return failed(`cannot look at ${quoted(source)}: ${directory}`);
  const parent = directory ? target : (dirname(target) as ByteString);
  const made = makeDirectories(parent, mountPointMode);
  if (made instanceof Failure) return failed(`cannot make the directory ${quoted(parent)}: ${made}`);
  if (directory) return undefined;
  const file = makeFile(target, mountPointMode);
  return file instanceof Failure ? failed(`cannot make the file ${quoted(target)}: ${file}`) : undefined;
}

function failed(reason: string): StartFailure {
  return new StartFailure("system", reason);
}
