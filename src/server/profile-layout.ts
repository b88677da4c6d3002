import { latencyBuckets } from "./latency-buckets.ts";

/**
 * A profile is an array of 64-bit floating-point numbers, little-endian, each a whole number of something. It begins with
 * `profileMark` in place of the first numbers; then come the figures of the process, and on the
 * pages after the first a record for each message ID.
 */
export const profileMark = "bun-gofer profile, version 1\n";

/** Numbers in which the figures of the process stand. Times are in nanoseconds but for the start. */
export const figureAt = {
  /** Milliseconds since 1970. */
  startedAtMillis: 8,
  /** Since the start, at the last turn of the loop. */
  elapsed: 9,
  turns: 10,
  spinHits: 11,
  spinMisses: 12,
  spinTime: 13,
  waits: 14,
  waitTime: 15,
  idleWakeUps: 16,
  channelReplies: 17,
  socketReplies: 18,
  youngCollections: 19,
  youngCollectionTime: 20,
  fullCollections: 21,
  fullCollectionTime: 22,
} as const;

export type Figure = keyof typeof figureAt;

/** A whole page, so that records begin on one. */
const recordsAt = 512;

/** Numbers of a record; the histogram's buckets stand behind them. */
export const recordField = {
  count: 0,
  errors: 1,
  /** Latencies in nanoseconds. */
  least: 2,
  most: 3,
  sum: 4,
  requestBytes: 5,
  replyBytes: 6,
} as const;

export const bucketsAt = 16;
const recordNumbers = bucketsAt + latencyBuckets;

/** Messages from this ID on have no record. */
export const recordedMessages = 64;

/** Where the record of message `messageId`, which is below recordedMessages, begins. */
export function recordAt(messageId: number): number {
  return recordsAt + messageId * recordNumbers;
}

export const profileNumbers = recordsAt + recordedMessages * recordNumbers;
export const profileBytes = profileNumbers * Float64Array.BYTES_PER_ELEMENT;
