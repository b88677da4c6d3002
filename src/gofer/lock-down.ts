import type { ByteString } from "../../ffi/byte-string.ts";
import { Failure } from "../../ffi/errno.ts";
import type { HostFd } from "../../ffi/host-fd.ts";
import { OwnTasks } from "../../ffi/own-tasks.ts";
import type { Log } from "../log/log.ts";
import { closeStrayDescriptors } from "./descriptors.ts";
import type { GoferFilter } from "./filter/filter.ts";
import type { GlobalConfig } from "./global-flags.ts";
import type { GoferArguments } from "./gofer-flags.ts";
import { forbidCoreDumps, limitDescriptors } from "./limits.ts";
import { dropPrivileges } from "./privileges.ts";
import { enterContainerRoot, letProcBeUnmounted, unmountProc } from "./root.ts";
import { StartFailure } from "./start-failure.ts";

/** What is to be given up, and what the process goes on with. */
export interface LockDown {
  readonly config: GlobalConfig;
  readonly args: GoferArguments;
  readonly filter: GoferFilter;
  /** The container's root, from the root of now. */
  readonly root: ByteString;
  /** Borrowed. */
  readonly procSelfFd: HostFd;
  /** Where profiles are written to. Borrowed. */
  readonly profileFds: readonly HostFd[];
  readonly log: Log;
}

/**
 * Gives up everything that serving does not need, in upstream's order, and enters the container's root. There is no way back, and none
 * to go on after a failure. Source: Execute in runsc/cmd/gofer.go.
 */
export function lockDown({
  config,
  args,
  filter,
  root,
  procSelfFd,
  profileFds,
  log,
}: LockDown): StartFailure | undefined {
  const opened = OwnTasks.open();
  if (opened instanceof Failure) return new StartFailure("confinement", `cannot open /proc/self/task: ${opened}`);
  using tasks = opened;
  const { ioFds, devIoFd, pinRingFd, syncSentryExitFd, syncUsernsFd, uid, gid } = args;
  const privileges = {
    dropsCapabilities: args.appliesCapabilities,
    opensHostSockets: config.hostUds.open,
    user: syncUsernsFd === undefined ? undefined : { uid, gid },
  };
  const logFds = [config.logFd, config.debugLogFd];
  const needed = [...logFds, tasks.descriptor, pinRingFd, syncSentryExitFd, ...ioFds, devIoFd, ...profileFds];
  return (
    partWithProc(args, config.unsafeNonroot) ??
    dropPrivileges(privileges, tasks, log) ??
    (config.fdLimit === undefined ? undefined : limitDescriptors(config.fdLimit, log)) ??
    forbidCoreDumps() ??
    closeStrayDescriptors(needed, procSelfFd, log) ??
    enterContainerRoot(root) ??
    filter.install(tasks, log)
  );
}

function partWithProc(
  { setsUpRoot, procMountSyncFd }: GoferArguments,
  staysInHostRoot: boolean,
): StartFailure | undefined {
  if (procMountSyncFd !== undefined) return letProcBeUnmounted(procMountSyncFd);
  return setsUpRoot && !staysInHostRoot ? unmountProc() : undefined;
}
