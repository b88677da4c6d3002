import type { ByteString } from "../../ffi/byte-string.ts";
import type { HostFd } from "../../ffi/host-fd.ts";
import type { Log } from "../log/log.ts";
import type { BlockingCalls } from "../transport/blocking-calls.ts";
import { Loop } from "../transport/loop.ts";
import { Connection, type ServerContext } from "./connection.ts";
import type { ConnectionImpl, ConnectionOptions } from "./connection-impl.ts";
import { dispatch } from "./dispatch.ts";
import { GarbagePacer } from "./garbage-pacer.ts";
import { RequestCounts } from "./request-counts.ts";
import { Tree } from "./tree.ts";

/** What a turn of the loop leaves behind at most, requests aside. */
const garbageBytesPerTurn = 256;

/** Serves one file system tree to any number of connections, each at a mount point of its own, on the calling thread. */
export class Server implements Disposable {
  readonly #context: ServerContext;

  /** `calls` are those that the connections' backends make. */
  constructor(log: Log, calls: BlockingCalls, counts = new RequestCounts()) {
    const garbage = new GarbagePacer();
    const loop = new Loop(calls, () => garbage.note(garbageBytesPerTurn));
    this.#context = { tree: new Tree(), loop, log, counts, garbage };
  }

  /** Takes `socket` and serves `mountPath`, an absolute path, on it. Throws when that cannot be. */
  addConnection(socket: HostFd, mountPath: ByteString, options: ConnectionOptions, impl: ConnectionImpl): void {
    const components = mountPath.split("/").filter((name) => name !== "") as ByteString[];
    this.#context.loop.addSession(new Connection(this.#context, socket, components, options, impl, dispatch));
  }

  /** Serves what is ready, without waiting. */
  turn(): void {
    this.#context.loop.turn(0);
  }

  /** Serves until all connections have ended. */
  run(): Promise<void> {
    return this.#context.loop.run();
  }

  /** Ends what the kernel holds for the server. No connection may be left. */
  [Symbol.dispose](): void {
    this.#context.loop[Symbol.dispose]();
  }
}
