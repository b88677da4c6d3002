import { type ByteString, textOf } from "../../ffi/byte-string.ts";
import type { HostFd } from "../../ffi/host-fd.ts";
import { LimitedLog } from "../log/limited-log.ts";
import type { Log } from "../log/log.ts";
import type { BlockingCalls } from "../transport/blocking-calls.ts";
import { Loop } from "../transport/loop.ts";
import { type LoopTick, WatchedLoop } from "../transport/watched-loop.ts";
import { Connection, type Dispatch, type ServerContext } from "./connection.ts";
import type { ConnectionImpl, ConnectionOptions } from "./connection-impl.ts";
import { dispatch } from "./dispatch.ts";
import { GarbagePacer } from "./garbage-pacer.ts";
import { profileLines } from "./profile-report.ts";
import { profiling } from "./profiling.ts";
import { RequestCounts } from "./request-counts.ts";
import type { RequestProfile } from "./request-profile.ts";
import { stateLines } from "./state-report.ts";
import { tracing } from "./tracing.ts";
import { Tree } from "./tree.ts";

/** What a turn of the loop leaves behind at most, requests aside. */
const garbageBytesPerTurn = 256;

/** How a server is to be, where it is not as usual. */
export interface ServerOptions {
  /** Whether each request and reply is logged, at level debug. */
  readonly trace?: boolean;
  /** Where the server notes what its time goes into, if it is to. */
  readonly profile?: RequestProfile | undefined;
  /** What the server is to do while it waits as well. */
  readonly tick?: LoopTick | undefined;
}

/** Serves one file system tree to any number of connections, each at a mount point of its own, on the calling thread. */
export class Server implements Disposable {
  readonly #context: ServerContext;
  readonly #calls: BlockingCalls;
  readonly #log: Log;
  readonly #dispatch: Dispatch;
  readonly #profile: RequestProfile | undefined;

  /** `calls` are those that the connections' backends make. */
  constructor(log: Log, calls: BlockingCalls, counts = new RequestCounts(), options: ServerOptions = {}) {
    const { profile, tick } = options;
    const garbage = new GarbagePacer((kind, nanos) => profile?.noteCollection(kind, nanos));
    const onTurn = (): void => garbage.note(garbageBytesPerTurn);
    const isWatched = profile !== undefined || tick !== undefined;
    const loop = isWatched ? new WatchedLoop(calls, onTurn, profile, tick) : new Loop(calls, onTurn);
    this.#context = { tree: new Tree(), loop, counts, garbage, connections: new Set() };
    this.#calls = calls;
    this.#log = log;
    this.#profile = profile;
    const untimed = options.trace === true ? tracing(dispatch, log) : dispatch;
    this.#dispatch = profile === undefined ? untimed : profiling(untimed, profile);
  }

  /**
   * Takes `socket` and serves `mountPath`, an absolute path, on it. `log` takes what the client causes. Throws when that cannot be.
   */
  addConnection(
    socket: HostFd,
    mountPath: ByteString,
    options: ConnectionOptions,
    impl: ConnectionImpl,
    log = new LimitedLog(this.#log, { mount: textOf(mountPath) }),
  ): void {
    const components = mountPath.split("/").filter((name) => name !== "") as ByteString[];
    const connection = new Connection(this.#context, socket, components, options, impl, this.#dispatch, log);
    this.#context.loop.addSession(connection);
  }

  /** Serves what is ready, without waiting. */
  turn(): void {
    this.#context.loop.turn(0);
  }

  /** Serves until all connections have ended, or until stop(). */
  run(): Promise<void> {
    return this.#context.loop.run();
  }

  /** Ends all connections, without waiting for requests that are under way. */
  stop(): void {
    this.#context.loop.stop();
  }

  /** Calls `listener` whenever the helper threads' bell has rung, which signal handlers ring as well. */
  onBell(listener: () => void): void {
    this.#context.loop.onBell(listener);
  }

  /** What the server has and does at this moment, in a bounded number of lines of bounded length, for people. */
  describe(): string[] {
    const profile = this.#profile === undefined ? [] : profileLines(this.#profile.numbers);
    return [...stateLines(this.#context, this.#calls), ...profile];
  }

  /** Ends what the kernel holds for the server. No connection may be left. */
  [Symbol.dispose](): void {
    this.#context.loop[Symbol.dispose]();
  }
}
