import { type ByteString, textOf } from "../../ffi/byte-string.ts";
import type { HostFd } from "../../ffi/host-fd.ts";
import { processIds } from "../../ffi/process.ts";
import type { HostConfig } from "../host/config.ts";
import { HostConnection, hostConnectionOptions } from "../host/connection.ts";
import type { Log } from "../log/log.ts";
import type { RequestCounts } from "../server/request-counts.ts";
import { Server } from "../server/server.ts";
import { BlockingCalls } from "../transport/blocking-calls.ts";
import type { GlobalConfig } from "./global-flags.ts";
import type { Service } from "./mount-plan.ts";
import type { ResolvedMount } from "./mounts.ts";
import { StartFailure } from "./start-failure.ts";

/** What is to be served, and by what rules. */
export interface ServeRequest {
  readonly root: Service | undefined;
  readonly mounts: readonly ResolvedMount[];
  readonly devIoFd: HostFd | undefined;
  readonly procSelfFd: HostFd;
  readonly config: GlobalConfig;
  readonly counts: RequestCounts;
  readonly log: Log;
}

interface Serving {
  readonly path: ByteString;
  readonly socket: HostFd;
  readonly readonly: boolean;
  readonly config: HostConfig;
}

/** Serves all connections until the last has ended. Takes their descriptors. */
export async function serve(request: ServeRequest): Promise<StartFailure | undefined> {
  const { log, counts } = request;
  const calls = new BlockingCalls();
  if (!calls.prepare()) return new StartFailure("system", "cannot start a helper thread");
  using server = new Server(log, calls, counts);
  for (const { path, socket, readonly, config } of servings(request, calls)) {
    log.info(`serving ${textOf(path)}`, { descriptor: socket, readonly });
    try {
      server.addConnection(socket, path, hostConnectionOptions(readonly), new HostConnection(config));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return new StartFailure("plan", `cannot serve ${textOf(path)} on descriptor ${socket}: ${reason}`);
    }
  }
  await server.run();
  log.info("all connections have ended");
  return undefined;
}

function servings({ root, mounts, devIoFd, procSelfFd, config, log }: ServeRequest, calls: BlockingCalls): Serving[] {
  const { hostUds, hostFifo, characterDevices, directfs: donateMountPoint } = config;
  const stock: HostConfig = {
    procSelfFd,
    hostUds,
    hostFifo,
    characterDevices,
    donateMountPoint,
    ids: processIds(),
    log,
    calls,
  };
  const list: Serving[] = [];
  if (root !== undefined) {
    list.push({ path: "/" as ByteString, socket: root.ioFd, readonly: root.readonly, config: stock });
  }
  for (const { path, service } of mounts) {
    if (service !== undefined) list.push({ path, socket: service.ioFd, readonly: service.readonly, config: stock });
  }
  if (devIoFd !== undefined) {
    // Its client is the sandbox's device proxies, which stand between the devices and what runs in the sandbox.
    const config = { ...stock, characterDevices: true };
    list.push({ path: "/dev" as ByteString, socket: devIoFd, readonly: false, config });
  }
  return list;
}
