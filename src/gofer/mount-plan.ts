import type { HostFd } from "../../ffi/host-fd.ts";
import { isOverlaid, isServed, type MountConf } from "./mount-conf.ts";
import { isReadonly } from "./mount-options.ts";
import { hasMountConf, type Spec, type SpecMount } from "./spec.ts";
import { type Attempt, StartFailure } from "./start-failure.ts";

/** That a mount is served, and how. */
export interface Service {
  readonly ioFd: HostFd;
  /** Whether the connection refuses writes: the mount is read-only or the sandbox keeps them to itself. */
  readonly readonly: boolean;
  /** Whether the sandbox keeps the writes to itself. */
  readonly overlaid: boolean;
}

export interface PlannedMount {
  readonly mount: SpecMount;
  /** undefined when the sandbox makes do without a gofer. */
  readonly service: Service | undefined;
}

/** What is served on which descriptor. */
export interface MountPlan {
  readonly root: Service | undefined;
  /** All mounts of the spec, in its order. */
  readonly mounts: readonly PlannedMount[];
}

/**
 * Gives each mount its configuration and its connection. The root comes first in both lists, then follow the mounts that runsc
 * configures, in the order of the spec; only what a gofer serves has a connection. Fails unless all of them fit together.
 */
export function planMounts(spec: Spec, confs: readonly MountConf[], ioFds: readonly HostFd[]): Attempt<MountPlan> {
  const configured = spec.mounts.filter(hasMountConf);
  if (confs.length !== configured.length + 1) {
    return misfit(
      `want ${configured.length + 1} mount configurations, for the root and each mount, got ${confs.length}`,
    );
  }
  const served = confs.filter(isServed);
  if (ioFds.length !== served.length) {
    return misfit(`want ${served.length} descriptors in --io-fds, one for each mount to serve, got ${ioFds.length}`);
  }
  const remainingConfs = [...confs];
  const remainingFds = [...ioFds];
  const nextService = (isReadonlyMount: boolean): Service | undefined => {
    const conf = remainingConfs.shift();
    if (conf === undefined || !isServed(conf)) return undefined;
    const ioFd = remainingFds.shift();
    if (ioFd === undefined) throw new Error("more mounts to serve than were counted");
    const overlaid = isOverlaid(conf);
    return { ioFd, readonly: isReadonlyMount || overlaid, overlaid };
  };
  const root = nextService(spec.root.readonly);
  const mounts = spec.mounts.map((mount) => ({
    mount,
    service: hasMountConf(mount) ? nextService(isReadonly(mount.options)) : undefined,
  }));
  return { root, mounts };
}

function misfit(reason: string): StartFailure {
  return new StartFailure("plan", reason);
}
