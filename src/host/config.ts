import type { HostFd } from "../../ffi/host-fd.ts";
import type { ProcessIds } from "../../ffi/process.ts";
import type { Log } from "../log/log.ts";
import type { BlockingCalls } from "../transport/blocking-calls.ts";

/** What clients of the host's file system may do beyond regular files and directories. Source: Config in runsc/fsgofer/lisafs.go. */
export interface HostConfig {
  /** The directory /proc/self/fd, through which open files are opened anew; outlives all connections. */
  readonly procSelfFd: HostFd;
  /** Whether sockets may be connected to, and created. */
  readonly hostUds: { readonly open: boolean; readonly create: boolean };
  /** Whether FIFOs may be opened. */
  readonly hostFifo: boolean;
  /** Whether character devices may be opened. */
  readonly characterDevices: boolean;
  /** Whether the client gets the mount point's descriptor and works on the files by itself (directfs). */
  readonly donateMountPoint: boolean;
  /** Those of the process, to go back to after a connection made with others. */
  readonly ids: ProcessIds;
  readonly log: Log;
  /** Of the server that serves the connection. */
  readonly calls: BlockingCalls;
}
