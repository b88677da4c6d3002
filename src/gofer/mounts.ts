import { relative } from "node:path/posix";
import { type ByteString, byteStringOf, textOf } from "../../ffi/byte-string.ts";
import { Errno, Failure } from "../../ffi/errno.ts";
import { type HostFd, OwnedFd, takeAndClose } from "../../ffi/host-fd.ts";
import {
  FUSE_SUPER_MAGIC,
  MS_BIND,
  MS_NOATIME,
  MS_NODEV,
  MS_NODIRATIME,
  MS_NOEXEC,
  MS_NOSUID,
  MS_RDONLY,
  MS_REC,
  MS_RELATIME,
  MS_REMOUNT,
  MS_STRICTATIME,
  NFS_SUPER_MAGIC,
  OVERLAYFS_SUPER_MAGIC,
  ST_NOATIME,
  ST_NODEV,
  ST_NODIRATIME,
  ST_NOEXEC,
  ST_RDONLY,
  ST_RELATIME,
} from "../../ffi/linux.ts";
import { checkReadable, fileSystemInfo, mount, setMountAttributes } from "../../ffi/mounts.ts";
import type { Log } from "../log/log.ts";
import { mountAttributesOf } from "./mount-attributes.ts";
import { mountFlagsOf, propagationFlagsOf } from "./mount-options.ts";
import type { PlannedMount, Service } from "./mount-plan.ts";
import type { MountOpener } from "./open-mount.ts";
import { descriptorPath, joinPaths, openPath, quoted } from "./paths.ts";
import { resolveBelow } from "./resolve.ts";
import { makeTargetAndAttach, makeTargetAndMount, noPath, safeMount } from "./safe-mount.ts";
import type { SpecMount } from "./spec.ts";
import { type Attempt, StartFailure } from "./start-failure.ts";

/** Flags of the file system below that an unprivileged remount must not take away. Source: mount_namespaces(7). */
const lockableFlags: readonly (readonly [reported: number, toKeep: number])[] = [
  [ST_RDONLY, MS_RDONLY],
  [ST_NOEXEC, MS_NOEXEC],
  [ST_NODEV, MS_NODEV],
  [ST_NOATIME, MS_NOATIME],
  [ST_NODIRATIME, MS_NODIRATIME],
  [ST_RELATIME, MS_RELATIME],
];

/** A mount in its place whose options are still those of what it binds. */
interface PlacedMount {
  readonly target: HostFd;
  readonly path: ByteString;
  readonly flags: number;
  readonly idMapped: boolean;
}

/** Where and by what means mounts are made. */
export interface MountPlace {
  /** The container's root; see resolveBelow(). */
  readonly root: ByteString;
  /** Where the proc file system is mounted. */
  readonly proc: ByteString;
  readonly opener: MountOpener;
  readonly log: Log;
}

/**
 * Binds what is to be served to its place in the container's root, in order, makes mount points that are missing, and then sets
 * the options: only then, because a mount point may have to be made inside a mount that is to be read-only.
 */
export function setUpMounts(mounts: readonly PlannedMount[], place: MountPlace): StartFailure | undefined {
  const placed: PlacedMount[] = [];
  try {
    for (const { mount: wanted, service } of mounts) {
      if (service === undefined) continue;
      const made = placeMount(wanted, service, place);
      if (made instanceof StartFailure) return made.while(`mount ${wanted.destination}`);
      placed.push(made);
    }
    for (const made of placed.toReversed()) {
      const failure = applyOptions(made);
      if (failure !== undefined) return failure;
    }
    return undefined;
  } finally {
    for (const { target } of placed) takeAndClose(target);
  }
}

/** A mount as the sandbox is told of it, and where it is served. */
export interface ResolvedMount {
  readonly mount: SpecMount;
  /** From the container's root. */
  readonly path: ByteString;
  readonly service: Service | undefined;
}

/**
 * Says where each mount has come to be, and what of its file system the sandbox must know. To be called when all mounts are
 * in place: before, a link could lead to where another mount will hide it.
 */
export function resolveMounts(mounts: readonly PlannedMount[], root: ByteString): Attempt<readonly ResolvedMount[]> {
  const resolved: ResolvedMount[] = [];
  for (const { mount: wanted, service } of mounts) {
    if (service === undefined) {
      resolved.push({ mount: wanted, path: byteStringOf(wanted.destination), service });
      continue;
    }
    const target = resolveBelow(root, byteStringOf(wanted.destination));
    if (target instanceof StartFailure) return target.while(`mount ${wanted.destination}`);
    const added = optionsOfFileSystem(target);
    if (added instanceof StartFailure) return added.while(`mount ${wanted.destination}`);
    const path = joinPaths("/" as ByteString, relative(root, target) as ByteString);
    const moved = { destination: textOf(path), options: [...wanted.options, ...added] };
    const mount = { ...wanted, ...moved, document: { ...wanted.document, ...moved } };
    resolved.push({ mount, path, service });
  }
  return resolved;
}

function placeMount(wanted: SpecMount, service: Service, place: MountPlace): Attempt<PlacedMount> {
  const { root, proc, log } = place;
  const target = resolveBelow(root, byteStringOf(wanted.destination));
  if (target instanceof StartFailure) return target;
  const flags = mountFlagsOf(wanted.options) | MS_BIND | (service.overlaid ? MS_RDONLY : 0);
  const { idMapped } = wanted;
  log.info(`mounting ${wanted.source} on ${textOf(target)}`, { flags: `0x${flags.toString(16)}`, idMapped });
  const failure = makeMount(wanted, target, flags, place);
  if (failure !== undefined) return failure;
  const opened = openPath(target);
  if (opened instanceof Failure) return system(`cannot open ${quoted(target)}: ${opened}`);
  using owned = new OwnedFd(opened);
  const propagation = propagationFlagsOf(wanted.options);
  if (propagation !== 0) {
    const refused = safeMount({ source: noPath, target, type: "", flags: propagation }, proc);
    if (refused !== undefined) return refused;
  }
  return { target: owned.release(), path: target, flags, idMapped };
}

/** What the gofer may not open, and mounts that shift IDs, which it may not make, come from runsc. */
function makeMount(
  wanted: SpecMount,
  target: ByteString,
  flags: number,
  { proc, opener, log }: MountPlace,
): StartFailure | undefined {
  const { type, idMapped } = wanted;
  const source = byteStringOf(wanted.source);
  const readable = idMapped ? undefined : checkReadable(source);
  if (readable?.errno === Errno.ENOENT) {
    return new StartFailure("mountSource", `the source ${wanted.source} does not exist`);
  }
  if (!idMapped && readable === undefined) return makeTargetAndMount({ source, target, type, flags }, proc);
  if (readable !== undefined) log.info(`asking runsc for ${wanted.source}, which cannot be read here: ${readable}`);
  const opened = opener.open(wanted, flags);
  if (opened instanceof StartFailure) return opened;
  using fd = new OwnedFd(opened);
  if (idMapped) return makeTargetAndAttach(fd.borrow(), target, proc);
  return makeTargetAndMount({ source: descriptorPath(fd.borrow(), proc), target, type, flags }, proc);
}

/**
 * A bind mount takes its flags in a second call, and an id-mapped one as attributes. The gofer executes nothing, so no mount of its
 * needs set-user-ID.
 */
function applyOptions({ target, path, flags, idMapped }: PlacedMount): StartFailure | undefined {
  const self = descriptorPath(target, "/proc" as ByteString);
  const info = fileSystemInfo(self);
  if (info instanceof Failure) return system(`cannot look at the mount ${quoted(path)}: ${info}`);
  let kept = 0;
  for (const [reported, toKeep] of lockableFlags) {
    if ((info.flags & reported) !== 0) kept |= toKeep;
  }
  if ((kept & (MS_NOATIME | MS_RELATIME)) === 0) kept |= MS_STRICTATIME;
  const all = flags | kept | MS_NOSUID;
  const applied = idMapped
    ? setMountAttributes(target, mountAttributesOf(all), (flags & MS_REC) !== 0)
    : mount(noPath, self, "", all | MS_REMOUNT);
  if (!(applied instanceof Failure)) return undefined;
  return system(`cannot set the options of the mount ${quoted(path)} (flags 0x${all.toString(16)}): ${applied}`);
}

/**
 * Mount options that tell the sandbox how far it may trust what it remembers of files there. Network and FUSE file systems
 * send their data on close(2), so each handle needs a descriptor of its own.
 * Source: AdjustMountOptions in runsc/cmd/sandboxsetup/fs.go.
 */
function optionsOfFileSystem(path: ByteString): Attempt<readonly string[]> {
  const info = fileSystemInfo(path);
  if (info instanceof Failure) return system(`cannot tell the file system of ${quoted(path)}: ${info}`);
  switch (info.type) {
    case OVERLAYFS_SUPER_MAGIC:
      return ["overlayfs_stale_read"];
    case NFS_SUPER_MAGIC:
    case FUSE_SUPER_MAGIC:
      return ["disable_file_handle_sharing"];
    default:
      return [];
  }
}

function system(reason: string): StartFailure {
  return new StartFailure("system", reason);
}
