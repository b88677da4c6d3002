import type { Target } from "./results.ts";
import { median, quantile } from "./statistics.ts";

/** A quantity of one target, in one round. */
export interface Sample {
  readonly target: Target;
  readonly round: number;
  readonly value: number;
}

/** A ratio of medians, and the lowest and highest ratio of a single round. */
export interface Ratio {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** One quantity of both gofers. */
export interface Comparison {
  /** Medians over the rounds. */
  readonly stock: number;
  readonly ours: number;
  /** Ours to stock. */
  readonly ratio: Ratio;
  /** Stock again to stock. */
  readonly again: Ratio;
}

/** Compares one quantity. Throws when a target has no samples. */
export function compare(samples: readonly Sample[]): Comparison {
  const ofTarget = (target: Target): readonly Sample[] => samples.filter((sample) => sample.target === target);
  const stock = ofTarget("stock");
  const ours = ofTarget("ours");
  return {
    stock: medianOf(stock),
    ours: medianOf(ours),
    ratio: ratioOf(ours, stock),
    again: ratioOf(ofTarget("stock again"), stock),
  };
}

function medianOf(samples: readonly Sample[]): number {
  return median(samples.map(({ value }) => value));
}

function ratioOf(samples: readonly Sample[], stock: readonly Sample[]): Ratio {
  const stockByRound = new Map(stock.map(({ round, value }) => [round, value]));
  const ratios = samples.flatMap(({ round, value }) => {
    const base = stockByRound.get(round);
    return base === undefined ? [] : [divide(value, base)];
  });
  return {
    value: divide(medianOf(samples), medianOf(stock)),
    low: Math.min(...ratios),
    high: Math.max(...ratios),
  };
}

/** Two zeros are equal: a gofer may use no measurable processor time. */
function divide(value: number, base: number): number {
  return value === base ? 1 : value / base;
}

/** By which factor a ratio may differ from 1 without meaning anything: what two equals came to, nine times out of ten. */
export function noiseFactor(comparisons: readonly Comparison[]): number {
  const deviations = comparisons.map(({ again }) => Math.abs(Math.log(again.value)));
  return Math.exp(quantile(deviations, 0.9));
}

export type Verdict = "better" | "even" | "worse";

/** What a ratio means, given the noise and whether more of the quantity is better. */
export function verdictOf({ ratio }: Comparison, noise: number, moreIsBetter: boolean): Verdict {
  if (ratio.value <= noise && ratio.value >= 1 / noise) return "even";
  return ratio.value > 1 === moreIsBetter ? "better" : "worse";
}
