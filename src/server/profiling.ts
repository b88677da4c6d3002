import { Channel } from "../transport/channel.ts";
import type { Dispatch, Exchange } from "./connection.ts";
import type { ReplyWay, RequestProfile } from "./request-profile.ts";

/** Does as `dispatch` does, and has each request noted in the profile when its reply has been sent. */
export function profiling(dispatch: Dispatch, profile: RequestProfile): Dispatch {
  const stopwatches = new WeakMap<Exchange, Stopwatch>();
  return (exchange, messageId, length) => {
    let stopwatch = stopwatches.get(exchange);
    if (stopwatch === undefined) {
      stopwatch = new Stopwatch(exchange, profile);
      stopwatches.set(exchange, stopwatch);
    }
    stopwatch.start(messageId, length);
    const answer = dispatch(exchange, messageId, length);
    return answer instanceof Promise ? answer.then(stopwatch.keepAnswer) : stopwatch.keepAnswer(answer);
  };
}

/** Takes the time of the one request that a communicator has at a time. */
class Stopwatch {
  readonly #profile: RequestProfile;
  readonly #way: ReplyWay;
  #isRunning = false;
  #messageId = 0;
  #requestBytes = 0;
  #startedAt = 0;
  #answer = 0;
  readonly keepAnswer = (answer: number): number => {
    this.#answer = answer;
    return answer;
  };

  constructor({ communicator }: Exchange, profile: RequestProfile) {
    this.#profile = profile;
    this.#way = communicator instanceof Channel ? "channel" : "socket";
    communicator.onSent = () => this.#stop();
  }

  start(messageId: number, requestBytes: number): void {
    this.#isRunning = true;
    this.#messageId = messageId;
    this.#requestBytes = requestBytes;
    this.#startedAt = Bun.nanoseconds();
  }

  /** Not every reply answers a request that was dispatched: what was too long to be taken is answered by the communicator. */
  #stop(): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.#profile.noteRequest(this.#messageId, Bun.nanoseconds() - this.#startedAt, this.#requestBytes, this.#answer);
    this.#profile.noteReply(this.#way);
  }
}
