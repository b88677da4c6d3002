import type { Ratio } from "./comparison.ts";

/** Three significant digits, with commas between thousands. */
export function numberText(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function factorText(value: number): string {
  return `${value.toFixed(2)}×`;
}

/** The ratio of medians, with the spread of the rounds. */
export function ratioText({ value, low, high }: Ratio): string {
  return `${factorText(value)} (${low.toFixed(2)}–${high.toFixed(2)})`;
}

/** A duration, in the unit that suits it. */
export function durationText(nanos: number): string {
  if (nanos < 1e3) return `${numberText(nanos)} ns`;
  if (nanos < 1e6) return `${numberText(nanos / 1e3)} µs`;
  if (nanos < 1e9) return `${numberText(nanos / 1e6)} ms`;
  return `${numberText(nanos / 1e9)} s`;
}

export function mebibytesText(bytes: number): string {
  return `${numberText(bytes / 2 ** 20)} MiB`;
}
