import { doorbellWord } from "../../ffi/doorbell.ts";
import { Failure } from "../../ffi/errno.ts";
import { expectFutex, futexWordsMax, waitForFutex, waitForFutexes } from "../../ffi/waiting.ts";
import { Channel } from "./channel.ts";
import { FutexWatch } from "./futex-watch.ts";

/** Set, it makes the gofer do as on a kernel before Linux 5.16, which has no futex_waitv(2). For tests. */
const withoutVectorVariable = "BUN_GOFER_WITHOUT_FUTEX_WAITV";

/** How long a wait may be when not even a thread can be had that would end it. */
const blindWaitMillis = 1;

/**
 * Sleeps until the turn at one of the channels is ours or the doorbell rings. One system call waits for the first 127 channels and
 * the doorbell; for those beyond, and for all where the kernel has no such call, helper threads wait for one channel each
 * and ring.
 */
export class ChannelWait {
  readonly #watch = new FutexWatch();
  #hasVectorWait = process.env[withoutVectorVariable] === undefined;

  /** `doorbellSeen` is the count up to which the doorbell was answered; −1 as timeout waits for ever. */
  wait(channels: readonly Channel[], doorbellSeen: number, timeoutMillis: number): void {
    let words = 0;
    expectFutex(words++, doorbellWord, doorbellSeen);
    let isBlind = false;
    this.#watch.collect();
    for (const channel of channels) {
      if (!channel.isWaitingForClient) continue;
      if (this.#hasVectorWait && words < futexWordsMax)
        expectFutex(words++, channel.stateAt, Channel.stateWhileWaiting);
      else if (!this.#watch.watch(channel.stateAt, Channel.stateWhileWaiting)) isBlind = true;
    }
    const millis = isBlind && timeoutMillis !== 0 ? blindWaitMillis : timeoutMillis;
    if (!this.#hasVectorWait) waitForFutex(doorbellWord, doorbellSeen, millis);
    else if (waitForFutexes(words, millis) instanceof Failure) this.#hasVectorWait = false;
  }
}
