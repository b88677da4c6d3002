/** Each power of two is divided into that many buckets: a value is known to one sixteenth. */
const bucketsPerOctave = 16;
const precisionBits = Math.log2(bucketsPerOctave);

/** Values from 2 to the power of this on, about 18 minutes in nanoseconds, fall into the last bucket. */
const valueBits = 40;

/** Values below `bucketsPerOctave` have a bucket each; each octave above has as many buckets again. */
export const latencyBuckets = (valueBits - precisionBits + 1) * bucketsPerOctave;

const wordValues = 2 ** 32;

/** The bucket of a duration in whole nanoseconds, not negative. The buckets are log-linear: ever wider, by the same share. */
export function bucketOf(nanos: number): number {
  if (nanos < bucketsPerOctave) return nanos;
  if (nanos >= 2 ** valueBits) return latencyBuckets - 1;
  const exponent = nanos < wordValues ? 31 - Math.clz32(nanos) : 63 - Math.clz32(nanos / wordValues);
  const shift = exponent - precisionBits;
  return shift * bucketsPerOctave + Math.floor(nanos / 2 ** shift);
}

/** The least duration, in nanoseconds, that falls into the bucket. */
export function bucketStart(bucket: number): number {
  if (bucket < bucketsPerOctave) return bucket;
  const shift = Math.floor(bucket / bucketsPerOctave) - 1;
  return (bucket - shift * bucketsPerOctave) * 2 ** shift;
}

/**
 * The duration, in nanoseconds, that the given share of what is counted does not exceed: the end of its bucket, so never too small,
 * and by one sixteenth too large at most. 0 when nothing is counted.
 */
export function percentileOf(counts: ArrayLike<number>, share: number): number {
  let total = 0;
  for (let bucket = 0; bucket < latencyBuckets; bucket++) total += counts[bucket] ?? 0;
  if (total === 0) return 0;
  const rank = Math.max(1, Math.ceil(total * share));
  let seen = 0;
  for (let bucket = 0; bucket < latencyBuckets; bucket++) {
    seen += counts[bucket] ?? 0;
    if (seen >= rank) return bucketStart(bucket + 1) - 1;
  }
  throw new RangeError(`the share is ${share}: want 0 to 1`);
}
