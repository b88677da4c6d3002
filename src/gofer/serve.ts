import { type ByteString, textOf } from "../../ffi/byte-string.ts";
import type { HostFd } from "../../ffi/host-fd.ts";
import type { ProcessIds } from "../../ffi/process.ts";
import type { Claim, Extension } from "../extension/extension.ts";
import type { HostConfig } from "../host/config.ts";
import { HostConnection, hostConnectionOptions } from "../host/connection.ts";
import { LimitedLog } from "../log/limited-log.ts";
import type { Log } from "../log/log.ts";
import { Server } from "../server/server.ts";
import { BlockingCalls } from "../transport/blocking-calls.ts";
import { claimOf } from "./claims.ts";
import type { ExitReason } from "./exit-codes.ts";
import type { GlobalConfig } from "./global-flags.ts";
import type { Instruments } from "./instruments.ts";
import type { Service } from "./mount-plan.ts";
import type { ResolvedMount } from "./mounts.ts";
import type { Signals } from "./signals.ts";
import type { Spec, SpecMount } from "./spec.ts";
import { type Attempt, messageOf, StartFailure } from "./start-failure.ts";

/** What is to be served, and by what rules. */
export interface ServeRequest {
  readonly spec: Spec;
  readonly root: Service | undefined;
  readonly mounts: readonly ResolvedMount[];
  readonly devIoFd: HostFd | undefined;
  readonly extensions: readonly Extension[];
  readonly procSelfFd: HostFd;
  /** Of the process. */
  readonly ids: ProcessIds;
  readonly config: GlobalConfig;
  readonly instruments: Instruments;
  readonly signals: Signals;
  readonly log: Log;
}

/** A connection that waits to be served. */
interface Waiting {
  readonly path: ByteString;
  readonly socket: HostFd;
  readonly readonly: boolean;
  readonly mount: SpecMount | undefined;
  /** Whether its client is the sandbox's device proxies. */
  readonly isForDevices: boolean;
}

const rootPath = "/" as ByteString;
const devicesPath = "/dev" as ByteString;

/** Serves all connections until the last has ended, or a signal comes. Takes their descriptors. */
export async function serve(request: ServeRequest): Promise<Attempt<ExitReason>> {
  const { log, instruments, spec, extensions, signals, config } = request;
  const { counts, profile, runtime } = instruments;
  const calls = new BlockingCalls();
  if (!calls.prepare()) return new StartFailure("system", "cannot start a helper thread");
  const stock = stockConfig(request, calls);
  using server = new Server(log, calls, counts, { trace: config.trace, profile, tick: runtime.tick });
  for (const waiting of waitingConnections(request)) {
    const { path, socket, readonly, mount } = waiting;
    const claim = await claimOf({ spec, mount, mountPath: textOf(path), readonly }, extensions, log);
    if (claim instanceof StartFailure) return claim;
    const limitedLog = new LimitedLog(log, { mount: textOf(path) });
    const { connection, options } = claim ?? stockClaim(waiting, { ...stock, log: limitedLog });
    log.info(`serving ${textOf(path)}`, { descriptor: socket, readonly });
    try {
      server.addConnection(socket, path, options, connection, limitedLog);
    } catch (error) {
      return new StartFailure("plan", `cannot serve ${textOf(path)} on descriptor ${socket}: ${messageOf(error)}`);
    }
  }
  const endedBy = await signals.during(
    () => server.run(),
    server,
    () => runtime.checkpoint(),
    log,
  );
  if (endedBy !== undefined) return endedBy;
  log.info("all connections have ended");
  return "success";
}

function waitingConnections({ root, mounts, devIoFd }: ServeRequest): Waiting[] {
  const list: Waiting[] = [];
  const isForDevices = false;
  if (root !== undefined) {
    const { ioFd: socket, readonly } = root;
    list.push({ path: rootPath, socket, readonly, mount: undefined, isForDevices });
  }
  for (const { mount, path, service } of mounts) {
    if (service === undefined) continue;
    list.push({ path, socket: service.ioFd, readonly: service.readonly, mount, isForDevices });
  }
  if (devIoFd !== undefined) {
    list.push({ path: devicesPath, socket: devIoFd, readonly: false, mount: undefined, isForDevices: true });
  }
  return list;
}

function stockConfig({ procSelfFd, ids, config, log }: ServeRequest, calls: BlockingCalls): HostConfig {
  const { hostUds, hostFifo, characterDevices, directfs: donateMountPoint } = config;
  return { procSelfFd, hostUds, hostFifo, characterDevices, donateMountPoint, ids, log, calls };
}

function stockClaim({ readonly, isForDevices }: Waiting, stock: HostConfig): Claim {
  // Device proxies stand between the devices and what runs in the sandbox.
  const config = isForDevices ? { ...stock, characterDevices: true } : stock;
  return { connection: new HostConnection(config), options: hostConnectionOptions(readonly) };
}
