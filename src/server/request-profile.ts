import { allocateMemory, memory } from "../../ffi/arena.ts";
import type { LoopObserver } from "../transport/watched-loop.ts";
import { bucketOf } from "./latency-buckets.ts";
import {
  bucketsAt,
  type Figure,
  figureAt,
  profileBytes,
  profileMark,
  profileNumbers,
  recordAt,
  recordedMessages,
  recordField,
} from "./profile-layout.ts";

/** The way by which a reply went. */
export type ReplyWay = "channel" | "socket";

/**
 * Where the time of a serving process goes: the latencies of each kind of request, what the loop does, collections of garbage.
 * Stands in memory that may be a mapped file, so that others can read along, and can still read when the process has been
 * killed. Nothing is allocated by what is noted.
 */
export class RequestProfile implements LoopObserver {
  /** The whole profile; see profile-layout.ts. */
  readonly numbers: Float64Array;
  readonly #startedAt = Bun.nanoseconds();

  /**
   * Keeps the profile at arena offset `at`, where profileBytes zeroed bytes are its own for good; by default where nobody else looks.
   * Throws when memory is short.
   */
  constructor(at = allocateMemory(profileBytes)) {
    if (at === undefined) throw new Error(`no memory for a profile: ${profileBytes} bytes wanted`);
    // SAFETY: the arena stays mapped for the life of the process, and nobody gives this part of it back.
    this.numbers = new Float64Array(memory.u8.buffer, memory.u8.byteOffset + at, profileNumbers);
    memory.buffer.write(profileMark, at, "latin1");
    this.numbers[figureAt.startedAtMillis] = Date.now();
  }

  /**
   * Notes a request that was answered: the bytes of its payload and of the reply's, that being −errno for an error, and the time from
   * its being seen to the reply's being sent. Unknown messages that have no record are passed over.
   */
  noteRequest(messageId: number, nanos: number, requestBytes: number, answer: number): void {
    if (messageId >= recordedMessages) return;
    const { numbers } = this;
    const record = recordAt(messageId);
    const isFirst = numbers[record + recordField.count] === 0;
    this.#add(record + recordField.count, 1);
    if (answer < 0) this.#add(record + recordField.errors, 1);
    if (isFirst || nanos < (numbers[record + recordField.least] ?? 0)) numbers[record + recordField.least] = nanos;
    if (nanos > (numbers[record + recordField.most] ?? 0)) numbers[record + recordField.most] = nanos;
    this.#add(record + recordField.sum, nanos);
    this.#add(record + recordField.requestBytes, requestBytes);
    if (answer > 0) this.#add(record + recordField.replyBytes, answer);
    this.#add(record + bucketsAt + bucketOf(nanos), 1);
  }

  /** Notes by which way a reply went. */
  noteReply(way: ReplyWay): void {
    this.#count(way === "channel" ? "channelReplies" : "socketReplies");
  }

  /** Notes a collection of garbage. */
  noteCollection(kind: "young" | "full", nanos: number): void {
    this.#count(kind === "young" ? "youngCollections" : "fullCollections");
    this.#count(kind === "young" ? "youngCollectionTime" : "fullCollectionTime", nanos);
  }

  turned(): void {
    this.#count("turns");
    this.numbers[figureAt.elapsed] = Bun.nanoseconds() - this.#startedAt;
  }

  spun(nanos: number, hit: boolean): void {
    this.#count(hit ? "spinHits" : "spinMisses");
    this.#count("spinTime", nanos);
  }

  waited(nanos: number): void {
    this.#count("waits");
    this.#count("waitTime", nanos);
  }

  wokeForNothing(): void {
    this.#count("idleWakeUps");
  }

  #count(figure: Figure, amount = 1): void {
    this.#add(figureAt[figure], amount);
  }

  #add(index: number, amount: number): void {
    this.numbers[index] = (this.numbers[index] ?? 0) + amount;
  }
}
