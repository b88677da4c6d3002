import { type ByteString, byteStringOf, textOf } from "../../ffi/byte-string.ts";
import { writeAll } from "../../ffi/descriptor-io.ts";
import { Errno, Failure, type Result } from "../../ffi/errno.ts";
import { makeDirectory } from "../../ffi/files.ts";
import { type HostFd, OwnedFd, takeAndClose, workingDirectory } from "../../ffi/host-fd.ts";
import {
  MNT_DETACH,
  MS_BIND,
  MS_NODEV,
  MS_NOEXEC,
  MS_NOSUID,
  MS_RDONLY,
  MS_REC,
  MS_REMOUNT,
  MS_SLAVE,
  MS_UNBINDABLE,
} from "../../ffi/linux.ts";
import { changeDirectory, changeRoot, mount, pivotToWorkingDirectory, unmount } from "../../ffi/mounts.ts";
import type { Log } from "../log/log.ts";
import { setUpDevices } from "./devices.ts";
import { type ContainerIdentity, runCreateContainerHooks } from "./hooks.ts";
import { rootPropagationFlags } from "./mount-options.ts";
import type { MountPlan } from "./mount-plan.ts";
import { setUpMounts } from "./mounts.ts";
import type { MountOpener } from "./open-mount.ts";
import { openPath, pathOf, quoted } from "./paths.ts";
import { type MountRequest, noPath, safeMount } from "./safe-mount.ts";
import type { Spec } from "./spec.ts";
import { type Attempt, StartFailure } from "./start-failure.ts";

const hostProc = "/proc" as ByteString;
const slash = "/" as ByteString;

/**
 * The new root is built on a directory that every proc file system has, so nothing need be created on the host:
 * a small file system with the container's root at `root` and the proc file system at `proc`.
 */
const newRoot = "/proc/fs" as ByteString;
const newProc = "/proc/fs/proc" as ByteString;
const newContainerRoot = "/proc/fs/root" as ByteString;

/** Where /proc/self/fd alone is seen, so that `..` does not lead from it to the rest of the proc file system. */
const ownDescriptors = "/proc/fs" as ByteString;
const ownDescriptorsBefore = "/proc/fs/proc/fs" as ByteString;

const containerRoot = "/root" as ByteString;

const safeFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
const directoryMode = 0o755;

/** How long whoever unmounts /proc for this process may take. */
const unmountMillisMax = 5000;

/** Everything the container's root is made from. */
export interface RootSetUp {
  readonly spec: Spec;
  readonly plan: MountPlan;
  readonly container: ContainerIdentity;
  /** Devices to serve to proxies in the sandbox; undefined when there is no connection for them. */
  readonly devices: readonly string[] | undefined;
  /** Whether the process stays in the host's root; for gVisor's own tests. */
  readonly staysInHostRoot: boolean;
  readonly opener: MountOpener;
  readonly log: Log;
}

/**
 * Mounts the container's root and all that is served below it, and leaves the host's root for a new one that holds nothing else.
 * Gives the path of the container's root as it is now. The process is in a mount namespace of its own: everything that was
 * mounted disappears with it. Source: SetupRootFS in runsc/cmd/sandboxsetup/gofer_mount.go for the order of things.
 */
export function setUpRoot(setUp: RootSetUp): Attempt<ByteString> {
  const { spec, plan, staysInHostRoot } = setUp;
  // Whatever is mounted from here on must not appear outside of this namespace.
  const slave = safeMount({ source: noPath, target: slash, type: "", flags: MS_SLAVE | MS_REC }, hostProc);
  if (slave !== undefined) return slave;
  const specRoot = plan.root === undefined && !staysInHostRoot ? newContainerRoot : canonical(spec.root.path);
  if (specRoot instanceof StartFailure) return specRoot;
  const made = staysInHostRoot ? undefined : makeNewRoot();
  if (made !== undefined) return made;
  const proc = staysInHostRoot ? hostProc : newProc;
  const servedRoot = staysInHostRoot ? specRoot : newContainerRoot;
  const filled = fillContainerRoot(setUp, specRoot, servedRoot, proc);
  if (filled !== undefined) return filled;
  if (staysInHostRoot) return specRoot;
  return leaveHostRoot() ?? containerRoot;
}

/** The path that setUpRoot() would give, where an earlier process has done its work. */
export function rootSetUpBefore(spec: Spec, staysInHostRoot: boolean): Attempt<ByteString> {
  return staysInHostRoot ? canonical(spec.root.path) : containerRoot;
}

function fillContainerRoot(
  setUp: RootSetUp,
  specRoot: ByteString,
  servedRoot: ByteString,
  proc: ByteString,
): StartFailure | undefined {
  const { spec, plan, container, devices, opener, log } = setUp;
  const isServed = plan.root !== undefined;
  return (
    (isServed ? bindToItself(specRoot, spec.rootPropagation) : undefined) ??
    setUpMounts(plan.mounts, { root: specRoot, proc, opener, log }) ??
    (devices === undefined ? undefined : setUpDevices(devices, specRoot, proc)) ??
    runHooks(spec, container, isServed, log) ??
    (isServed ? bindServedRoot(specRoot, servedRoot, plan.root.readonly, proc, log) : undefined)
  );
}

function makeNewRoot(): StartFailure | undefined {
  return (
    safeMount({ source: "bun-gofer" as ByteString, target: newRoot, type: "tmpfs", flags: safeFlags }, hostProc) ??
    plainMount({ source: noPath, target: newRoot, type: "", flags: MS_UNBINDABLE }) ??
    makeNewDirectory(newProc) ??
    makeNewDirectory(newContainerRoot) ??
    plainMount({ source: hostProc, target: newProc, type: "", flags: safeFlags | MS_RDONLY | MS_BIND | MS_REC }) ??
    plainMount({
      source: `${newProc}/self/fd` as ByteString,
      target: ownDescriptorsBefore,
      type: "",
      flags: safeFlags | MS_RDONLY | MS_BIND,
    })
  );
}

/** Hooks may want to make the container's root their own, which only a mount point can become. */
function bindToItself(root: ByteString, propagation: string | undefined): StartFailure | undefined {
  const flags = propagation === undefined ? MS_SLAVE | MS_REC : rootPropagationFlags(propagation);
  if (flags instanceof StartFailure) return flags;
  return (
    plainMount({ source: root, target: root, type: "", flags: MS_BIND | MS_REC }) ??
    plainMount({ source: noPath, target: root, type: "", flags })
  );
}

function runHooks(spec: Spec, container: ContainerIdentity, isServed: boolean, log: Log): StartFailure | undefined {
  const { createContainerHooks: hooks } = spec;
  if (hooks.length === 0) return undefined;
  if (isServed) return runCreateContainerHooks(hooks, container, log);
  log.warn("createContainer hooks are not run: no gofer serves the container's root");
  return undefined;
}

function bindServedRoot(
  specRoot: ByteString,
  servedRoot: ByteString,
  isReadonly: boolean,
  proc: ByteString,
  log: Log,
): StartFailure | undefined {
  const bound = safeMount({ source: specRoot, target: servedRoot, type: "", flags: MS_BIND | MS_REC }, proc);
  if (bound !== undefined || !isReadonly) return bound;
  log.info(`making ${textOf(servedRoot)} read-only`);
  // Flags that the mount below may have locked have to be given again. Source: mount_namespaces(7).
  const flags = MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV;
  return safeMount({ source: servedRoot, target: servedRoot, type: "bind", flags }, proc);
}

function leaveHostRoot(): StartFailure | undefined {
  return (
    failureOf(changeDirectory(newRoot), `cannot change to ${quoted(newRoot)}`) ??
    failureOf(pivotToWorkingDirectory(), "cannot change the root of the mount namespace") ??
    failureOf(unmount("." as ByteString, MNT_DETACH), "cannot unmount the host's root") ??
    failureOf(changeDirectory(slash), "cannot change to the new root")
  );
}

/** Where this process's open files can be opened anew, after setUpRoot() and before unmountProc(). */
export function ownDescriptorsIn(staysInHostRoot: boolean): ByteString {
  return staysInHostRoot ? ("/proc/self/fd" as ByteString) : ownDescriptors;
}

/** Takes the proc file system away, and proves that it is gone. */
export function unmountProc(): StartFailure | undefined {
  const unmounted = failureOf(unmount(hostProc, MNT_DETACH), "cannot unmount /proc");
  if (unmounted !== undefined) return unmounted;
  return procIsGone() ? undefined : new StartFailure("system", "/proc is still there after it was unmounted");
}

/**
 * Lets the process at the other end of `sync`, which is taken, unmount the proc file system, and waits until it is gone. Source:
 * goferSyncFDs in runsc/cmd/gofer.go.
 */
export function letProcBeUnmounted(sync: HostFd): StartFailure | undefined {
  const told = writeAll(sync, "\0");
  takeAndClose(sync);
  if (!told) return new StartFailure("peer", "--proc-mount-sync-fd: nobody is there to unmount /proc");
  const deadline = performance.now() + unmountMillisMax;
  while (!procIsGone()) {
    if (performance.now() > deadline) return new StartFailure("peer", "--proc-mount-sync-fd: /proc is still there");
    Bun.sleepSync(1);
  }
  return undefined;
}

function procIsGone(): boolean {
  const self = openPath("/proc/self" as ByteString);
  if (!(self instanceof Failure)) takeAndClose(self);
  return self instanceof Failure && self.errno === Errno.ENOENT;
}

/** Makes the container's root the root of the process. */
export function enterContainerRoot(root: ByteString): StartFailure | undefined {
  return (
    failureOf(changeRoot(root), `cannot change the root to ${quoted(root)}`) ??
    failureOf(changeDirectory(slash), "cannot change to the container's root")
  );
}

/** The path without symbolic links, whatever the working directory. */
function canonical(path: string): Attempt<ByteString> {
  const opened = openPath(byteStringOf(path));
  if (opened instanceof Failure)
    return new StartFailure("mountSource", `cannot open the container's root ${path}: ${opened}`);
  using fd = new OwnedFd(opened);
  const actual = pathOf(fd.borrow(), hostProc);
  if (!(actual instanceof Failure)) return actual;
  return new StartFailure("system", `cannot tell where the container's root ${path} is: ${actual}`);
}

function makeNewDirectory(path: ByteString): StartFailure | undefined {
  return failureOf(makeDirectory(workingDirectory, path, directoryMode), `cannot make the directory ${quoted(path)}`);
}

/** Mounts where nobody else can have put a symbolic link. */
function plainMount({ source, target, type, flags }: MountRequest): StartFailure | undefined {
  return failureOf(mount(source, target, type, flags), `cannot mount ${quoted(source)} on ${quoted(target)}`);
}

function failureOf(outcome: Result<void>, doing: string): StartFailure | undefined {
  return outcome instanceof Failure ? new StartFailure("system", `${doing}: ${outcome}`) : undefined;
}
