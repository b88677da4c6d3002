import { doorbellCount, installDoorbell, ringDoorbellFor } from "../../ffi/doorbell.ts";
import { Failure } from "../../ffi/errno.ts";
import { helperBell } from "../../ffi/helper-thread.ts";
import type { HostFd } from "../../ffi/host-fd.ts";
import { type Interest, ReadinessSet } from "../../ffi/waiting.ts";
import { messages } from "../wire/messages.ts";
import type { BlockingCalls } from "./blocking-calls.ts";
import type { Channel } from "./channel.ts";
import { ChannelWait } from "./channel-wait.ts";
import type { SocketCommunicator, SocketTurn } from "./socket-communicator.ts";
import { SpinGate, spinMicrosMax } from "./spin-gate.ts";

/** Turns that one socket may have before the others have theirs. */
const turnsInARowMax = 16;

/** How long one wait may be while Bun's event loop has work as well. */
const shortWaitMillis = 1;

const forever = -1;

const nobody: readonly HostFd[] = [];

/** A look takes nanoseconds, a glance at the clock some ten of them. */
const looksBetweenClocks = 32;

/** How long a chain of promises may be that are all kept, before a whole turn of the event loop, which costs far more. */
const microtaskTurnsMax = 16;

/** What the kernel is to tell of a socket after a turn. */
const interests: Readonly<Record<SocketTurn, Interest | undefined>> = {
  again: undefined,
  idle: "readable",
  handling: undefined,
  sending: "writable",
  ended: undefined,
};

/** One connection as the loop sees it. */
export interface Session {
  readonly communicator: SocketCommunicator;
  /** The stream is over: no request will come any more. The loop no longer knows the session. */
  ended(): void;
}

/**
 * The waiting loop: one thread that serves whatever is ready, on sockets and channels, and then blocks in a single system call
 * until there is more. While a process has no channel that is epoll; else it is a futex wait for the channels and for the doorbell, which
 * stands for the sockets. While handlers have promises outstanding, Bun's event loop gets its turns too.
 */
export class Loop implements Disposable {
  readonly #sessions = new Map<HostFd, Session>();
  readonly #channels: Channel[] = [];
  readonly #readiness = new ReadinessSet();
  /** Sockets that can go on without the kernel's saying so. */
  readonly #runnable = new Set<Session>();
  /** Handlers that have still to answer. */
  #outstanding = 0;
  #doorbellSeen = 0;
  /** Whether a socket was served without the doorbell's ringing: what the kernel still holds of it has rung before. */
  #mayHaveUnreadSockets = false;
  readonly #channelWait = new ChannelWait();
  readonly #spinGate = new SpinGate();
  readonly #calls: BlockingCalls;
  readonly #bell = helperBell();
  readonly #onTurn: () => void;
  #onBell: (() => void) | undefined;
  #stopped = false;

  /** `onTurn` is called at each turn, whatever comes of it. Throws when the kernel gives no descriptors. */
  constructor(calls: BlockingCalls, onTurn: () => void) {
    this.#calls = calls;
    this.#onTurn = onTurn;
    const watched = this.#readiness.watch(this.#bell, "readable");
    if (watched instanceof Failure) throw new Error(`cannot watch the helper threads' bell: ${watched}`);
  }

  /** Starts to serve a socket. Throws when the kernel cannot watch it. */
  addSession(session: Session): void {
    const { socket } = session.communicator;
    const watched = this.#readiness.watch(socket, "readable");
    if (watched instanceof Failure) throw new Error(`cannot watch descriptor ${socket}: ${watched}`);
    this.#sessions.set(socket, session);
    if (this.#channels.length > 0) this.#letRing(session);
  }

  /** Calls `listener` whenever the helper threads' bell has rung, which signal handlers ring as well. */
  onBell(listener: () => void): void {
    this.#onBell = listener;
  }

  /** Ends all sessions; run() returns without waiting for handlers that are at work. */
  stop(): void {
    this.#stopped = true;
    for (const session of [...this.#sessions.values()]) this.#end(session);
  }

  /** Starts to serve a channel, from now on by futex. */
  addChannel(channel: Channel): void {
    this.#channels.push(channel);
    if (this.#channels.length > 1) return;
    installDoorbell();
    for (const session of this.#sessions.values()) this.#letRing(session);
  }

  /** Forgets a channel. */
  removeChannel(channel: Channel): void {
    const index = this.#channels.indexOf(channel);
    if (index >= 0) this.#channels.splice(index, 1);
    if (index < 0 || this.#channels.length > 0) return;
    for (const socket of this.#sessions.keys()) ringDoorbellFor(socket, false);
  }

  /** Says that a handler of this thread has returned a promise, or that it has kept one. */
  countOutstanding(change: 1 | -1): void {
    this.#outstanding += change;
  }

  /** A socket whose handler has answered after a while takes part again. */
  resume(communicator: SocketCommunicator): void {
    const session = this.#sessions.get(communicator.socket);
    if (session !== undefined) this.#runnable.add(session);
  }

  /** Serves until no session is left and no handler is at work, or until stop(). */
  async run(): Promise<void> {
    while (!this.#stopped && (this.#sessions.size > 0 || this.#outstanding > 0)) {
      for (let turns = 0; this.#needsEventLoop && turns < microtaskTurnsMax; turns++) await Promise.resolve();
      if (this.#needsEventLoop) await turnOfEventLoop();
      this.turn(this.#needsEventLoop ? shortWaitMillis : forever);
    }
  }

  /** Requests that wait for a system call on a helper thread are heard of by the bell; all others, by Bun's event loop. */
  get #needsEventLoop(): boolean {
    return this.#outstanding > this.#calls.outstanding;
  }

  /** Serves what is ready; when nothing is, waits up to `timeoutMillis` (−1: for ever) for something to be. */
  turn(timeoutMillis: number): void {
    this.#onTurn();
    if (this.serveReady()) return;
    if (timeoutMillis === forever && this.#spinGate.isOpen && this.#channels.length > 0 && this.spin()) return;
    this.#serveSockets(this.block(timeoutMillis));
  }

  /** Looks out for something to do for as long as that may pay. True when there is. */
  protected spin(): boolean {
    const start = Bun.nanoseconds();
    for (;;) {
      for (let looks = 0; looks < looksBetweenClocks; looks++) {
        if (!this.#isAnythingReady()) continue;
        this.#spinGate.noteSpin((Bun.nanoseconds() - start) / 1000);
        return true;
      }
      if (Bun.nanoseconds() - start < spinMicrosMax * 1000) continue;
      this.#spinGate.noteSpin(undefined);
      return false;
    }
  }

  #isAnythingReady(): boolean {
    for (const channel of this.#channels) if (channel.isReady) return true;
    return doorbellCount() !== this.#doorbellSeen;
  }

  /** Ends what the kernel holds for the loop. No session may be left. */
  [Symbol.dispose](): void {
    this.#readiness[Symbol.dispose]();
  }

  #letRing(session: Session): void {
    ringDoorbellFor(session.communicator.socket, true);
    // What came before has not rung; and a send that found no room before will not ring either.
    this.#runnable.add(session);
  }

  /** True when anything was done. */
  protected serveReady(): boolean {
    let served = false;
    // A turn may end a session and with it channels, so the list is read anew each time.
    for (let index = 0; index < this.#channels.length; index++) {
      const channel = this.#channels[index];
      if (channel?.turn() !== true) continue;
      served = true;
      this.#spinGate.noteRequest(channel.lastMessageId === messages.fStat.id);
    }
    if (this.#channels.length > 0) {
      const rung = doorbellCount();
      if (rung !== this.#doorbellSeen || this.#mayHaveUnreadSockets) {
        const ready = this.#readiness.wait(0);
        // Level-triggered readiness: the bell is answered only when nothing is left that it rang for.
        if (ready.length === 0) {
          this.#doorbellSeen = rung;
          this.#mayHaveUnreadSockets = false;
        } else served = true;
        this.#serveSockets(ready);
      }
    }
    if (this.#runnable.size > 0) {
      served = true;
      // Sockets that can always go on must not keep the others, and the bell, from being heard.
      if (this.#channels.length === 0) this.#serveSockets(this.#readiness.wait(0));
      this.#mayHaveUnreadSockets = true;
      const sessions = [...this.#runnable];
      this.#runnable.clear();
      for (const session of sessions) this.#serveSession(session);
    }
    return served;
  }

  /** Waits for something to do, up to `timeoutMillis` (−1: for ever). Gives the sockets that are known to be ready by then. */
  protected block(timeoutMillis: number): readonly HostFd[] {
    if (this.#channels.length === 0) return this.#readiness.wait(timeoutMillis);
    this.#channelWait.wait(this.#channels, this.#doorbellSeen, timeoutMillis);
    return nobody;
  }

  /** Gives a socket a few turns and sees to it that it is taken up again when it can go on. */
  #serveSession(session: Session): void {
    const { communicator } = session;
    let turn: SocketTurn = "again";
    for (let turns = 0; turn === "again" && turns < turnsInARowMax; turns++) turn = communicator.turn();
    if (turn === "again") this.#runnable.add(session);
    this.#readiness.watch(communicator.socket, interests[turn]);
    if (turn === "ended") this.#end(session);
  }

  #end(session: Session): void {
    const { socket } = session.communicator;
    this.#readiness.watch(socket, undefined);
    this.#runnable.delete(session);
    this.#sessions.delete(socket);
    session.ended();
  }

  #serveSockets(ready: readonly HostFd[]): void {
    for (const socket of ready) {
      if (socket === this.#bell) {
        this.#calls.settle();
        this.#onBell?.();
        continue;
      }
      const session = this.#sessions.get(socket);
      if (session !== undefined) this.#serveSession(session);
    }
  }
}

function turnOfEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
