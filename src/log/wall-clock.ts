/** How far the two clocks may be apart before somebody must have set the time. */
const driftMillisMax = 2;

/** The time in milliseconds since 1970, finer than a millisecond as long as nobody has set the time since the start. */
export function wallClock(): number {
  const coarse = Date.now();
  const fine = performance.timeOrigin + performance.now();
  return Math.abs(fine - coarse) <= driftMillisMax ? fine : coarse;
}
