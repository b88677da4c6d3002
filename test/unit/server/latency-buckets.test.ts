import { describe, expect, test } from "bun:test";
import { bucketOf, bucketStart, latencyBuckets, percentileOf } from "../../../src/server/latency-buckets.ts";

const octaves = Array.from({ length: 40 }, (_, exponent) => 2 ** exponent);
const samples = octaves.flatMap((start) => [start - 1, start, start + 1, Math.floor(start * 1.37), start * 2 - 1]);

/** Counts with these many in the buckets of these durations. */
function countsOf(entries: readonly (readonly [nanos: number, count: number])[]): Float64Array {
  const counts = new Float64Array(latencyBuckets);
  for (const [nanos, count] of entries) {
    const bucket = bucketOf(nanos);
    counts[bucket] = (counts[bucket] ?? 0) + count;
  }
  return counts;
}

describe("bucketOf()", () => {
  test("gives a bucket that begins at the duration or before it, by a sixteenth at most", () => {
    for (const nanos of samples) {
      const start = bucketStart(bucketOf(nanos));
      expect(start).toBeLessThanOrEqual(nanos);
      expect(nanos - start).toBeLessThanOrEqual(start / 16);
    }
  });

  test("gives each nanosecond a bucket of its own where there are few", () => {
    expect(Array.from({ length: 32 }, (_, nanos) => bucketOf(nanos))).toEqual(Array.from({ length: 32 }, (_, n) => n));
  });

  test.each(Array.from({ length: latencyBuckets }, (_, bucket) => bucket))(
    "gives bucket %d where it starts",
    (bucket) => {
      expect(bucketOf(bucketStart(bucket))).toBe(bucket);
      if (bucket > 0) expect(bucketOf(bucketStart(bucket) - 1)).toBe(bucket - 1);
    },
  );

  test("puts what takes longer than anything into the last bucket", () => {
    expect([2 ** 40 - 1, 2 ** 40, 2 ** 53].map(bucketOf)).toEqual([591, 591, 591]);
  });
});

describe("percentileOf()", () => {
  test("is the end of the bucket that the share is reached in", () => {
    const counts = countsOf([
      [10, 50],
      [1000, 40],
      [1_000_000, 10],
    ]);
    expect(percentileOf(counts, 0.5)).toBe(10);
    expect(percentileOf(counts, 0.51)).toBe(1023);
    expect(percentileOf(counts, 0.9)).toBe(1023);
    expect(percentileOf(counts, 0.91)).toBe(bucketStart(bucketOf(1_000_000) + 1) - 1);
    expect(percentileOf(counts, 1)).toBe(bucketStart(bucketOf(1_000_000) + 1) - 1);
  });

  test("is that of one duration when there is one", () => {
    expect([0, 0.5, 1].map((share) => percentileOf(countsOf([[7, 1]]), share))).toEqual([7, 7, 7]);
  });

  test("is 0 when nothing was counted", () => {
    expect(percentileOf(countsOf([]), 0.99)).toBe(0);
  });
});
