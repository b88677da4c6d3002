import type { HostFd } from "../../ffi/host-fd.ts";
import { booleanFlag, descriptorFlag, descriptorListFlag, numberFlag, textFlag } from "./flag-types.ts";
import { arityIn, type Flag, readFlags, splitFlags, usage } from "./flags.ts";
import { type MountConf, mountConfsFlag } from "./mount-conf.ts";
import { type Attempt, StartFailure } from "./start-failure.ts";

/** The flags of the gofer command. Source: runsc/cmd/gofer.go. */
const table = {
  "apply-caps": booleanFlag(true),
  bundle: textFlag(""),
  "dev-io-fd": descriptorFlag,
  gid: numberFlag(0, 0),
  "gofer-mount-confs": mountConfsFlag,
  "io-fds": descriptorListFlag,
  "mounts-fd": descriptorFlag,
  "pin-ring-fd": descriptorFlag,
  "proc-mount-sync-fd": descriptorFlag,
  "profile-block-fd": descriptorFlag,
  "profile-cpu-fd": descriptorFlag,
  "profile-heap-fd": descriptorFlag,
  "profile-mutex-fd": descriptorFlag,
  "rpc-fd": descriptorFlag,
  "setup-root": booleanFlag(true),
  "spec-fd": descriptorFlag,
  "sync-chroot-fd": descriptorFlag,
  "sync-sentry-exit-fd": descriptorFlag,
  "sync-userns-fd": descriptorFlag,
  "trace-fd": descriptorFlag,
  uid: numberFlag(0, 0),
};

/** Source: runsc/profile/profile.go. */
const profileFlags = [
  "profile-block-fd",
  "profile-cpu-fd",
  "profile-heap-fd",
  "profile-mutex-fd",
  "trace-fd",
] as const satisfies (keyof typeof table)[];

/** What the words after `gofer` say. The process owns the descriptors. */
export interface GoferArguments {
  readonly containerId: string;
  readonly bundle: string;
  readonly mountConfs: readonly MountConf[];
  /** Connections to serve: the root's first, then those of the mounts, each where its configuration says lisafs. */
  readonly ioFds: readonly HostFd[];
  /** The connection that serves /dev to device proxies in the sandbox. */
  readonly devIoFd: HostFd | undefined;
  readonly specFd: HostFd;
  /** A pipe that takes the resolved mounts. */
  readonly mountsFd: HostFd;
  readonly rpcFd: HostFd | undefined;
  /** Ends when runsc has finished with this process's mount namespace. */
  readonly syncChrootFd: HostFd | undefined;
  /** Ends when the user namespace has its mappings; `uid` and `gid` are to be taken on then. */
  readonly syncUsernsFd: HostFd | undefined;
  readonly uid: number;
  readonly gid: number;
  /** Brings a pidfd of the sandbox. */
  readonly syncSentryExitFd: HostFd | undefined;
  /** Held open until the process ends, for what it keeps alive. */
  readonly pinRingFd: HostFd | undefined;
  /** Whether capabilities are given up. */
  readonly appliesCapabilities: boolean;
  /** Whether the root is to be set up: whoever says no has done it. */
  readonly setsUpRoot: boolean;
  /** Leads to a process that unmounts /proc when a byte comes; undefined where this process does it. */
  readonly procMountSyncFd: HostFd | undefined;
  /** Where runsc would have profiles of the runtime; those that it asks for, by the flags' names. */
  readonly profileFds: ReadonlyMap<string, HostFd>;
  /** Flags of another runsc release that this gofer does not know. */
  readonly ignored: readonly Flag[];
}

/**
 * Reads the words after the word `gofer`. A flag this gofer does not know is passed over when it has the form --name=value,
 * which is how runsc writes what a new release may add; in any other form nobody can tell where its value ends.
 */
export function readGoferArguments(words: readonly string[]): Attempt<GoferArguments> {
  const split = splitFlags(words, arityIn(table));
  if (split instanceof StartFailure) return split;
  const read = readFlags(table, split.flags);
  if (read instanceof StartFailure) return read;
  const { values, unknown } = read;
  const ambiguous = unknown.find(({ assigned }) => !assigned);
  if (ambiguous !== undefined) return usage(`unknown flag: --${ambiguous.name}`);
  const [containerId, ...more] = split.rest;
  if (containerId === undefined || more.length > 0) return usage(`want one container ID, got ${split.rest.length}`);
  const specFd = values["spec-fd"];
  const mountsFd = values["mounts-fd"];
  if (values.bundle === "") return usage("--bundle is missing");
  if (specFd === undefined) return usage("--spec-fd is missing");
  if (mountsFd === undefined) return usage("--mounts-fd is missing");
  const descriptors = {
    ioFds: values["io-fds"],
    devIoFd: values["dev-io-fd"],
    specFd,
    mountsFd,
    rpcFd: values["rpc-fd"],
    syncChrootFd: values["sync-chroot-fd"],
    syncUsernsFd: values["sync-userns-fd"],
    syncSentryExitFd: values["sync-sentry-exit-fd"],
    pinRingFd: values["pin-ring-fd"],
    procMountSyncFd: values["proc-mount-sync-fd"],
  };
  const profileFds = new Map<string, HostFd>();
  for (const name of profileFlags) {
    const fd = values[name];
    if (fd !== undefined) profileFds.set(name, fd);
  }
  const repeated = firstRepeated([...Object.values(descriptors).flat(), ...profileFds.values()]);
  if (repeated !== undefined) return usage(`descriptor ${repeated} is named twice`);
  return {
    containerId,
    bundle: values.bundle,
    mountConfs: values["gofer-mount-confs"],
    ...descriptors,
    profileFds,
    uid: values.uid,
    gid: values.gid,
    appliesCapabilities: values["apply-caps"],
    setsUpRoot: values["setup-root"],
    ignored: unknown,
  };
}

function firstRepeated(descriptors: readonly (HostFd | undefined)[]): HostFd | undefined {
  return descriptors.find((descriptor, index) => descriptor !== undefined && descriptors.indexOf(descriptor) !== index);
}
