import { describe, expect, test } from "bun:test";
import { type Comparison, compare, noiseFactor, type Sample, verdictOf } from "../../../bench/report/comparison.ts";

function samplesOf(target: Sample["target"], values: readonly number[]): Sample[] {
  return values.map((value, index) => ({ target, round: index + 1, value }));
}

function comparisonOf(ours: number, again: number): Comparison {
  return compare([
    ...samplesOf("stock", [100]),
    ...samplesOf("ours", [100 * ours]),
    ...samplesOf("stock again", [100 * again]),
  ]);
}

describe("compare()", () => {
  test("gives the ratio of medians, and the extremes of the rounds", () => {
    const { stock, ours, ratio, again } = compare([
      ...samplesOf("stock", [100, 200, 400]),
      ...samplesOf("ours", [300, 100, 400]),
      ...samplesOf("stock again", [110, 190, 440]),
    ]);
    expect({ stock, ours, ratio }).toEqual({ stock: 200, ours: 300, ratio: { value: 1.5, low: 0.5, high: 3 } });
    expect(again.value).toBe(0.95);
  });

  test("sets a round against the same round, in whatever order the turns came", () => {
    const { ratio } = compare([
      ...samplesOf("stock again", [1, 1]),
      ...samplesOf("ours", [10, 40]).toReversed(),
      ...samplesOf("stock", [10, 20]),
    ]);
    expect(ratio).toEqual({ value: 25 / 15, low: 1, high: 2 });
  });

  test("takes two zeros for equal", () => {
    const nothing = [0, 0];
    const { ratio } = compare([
      ...samplesOf("stock", nothing),
      ...samplesOf("ours", nothing),
      ...samplesOf("stock again", nothing),
    ]);
    expect(ratio).toEqual({ value: 1, low: 1, high: 1 });
  });

  test("refuses to compare with a target that took no turn", () => {
    expect(() => compare([...samplesOf("stock", [1]), ...samplesOf("ours", [1])])).toThrow("have none");
  });
});

describe("noiseFactor()", () => {
  test("is what nine of ten equals keep within, upwards as well as downwards", () => {
    const equals = [1.1, 1 / 1.2, 1, 1, 1, 1, 1, 1, 1, 1, 3].map((again) => comparisonOf(1, again));
    expect(noiseFactor(equals)).toBeCloseTo(1.2);
  });
});

describe("verdictOf()", () => {
  test("calls a difference within the noise even", () => {
    expect([0.95, 1.05].map((ours) => verdictOf(comparisonOf(ours, 1), 1.06, true))).toEqual(["even", "even"]);
  });

  test("knows whether more is better", () => {
    const more = comparisonOf(1.5, 1);
    const less = comparisonOf(0.5, 1);
    expect([verdictOf(more, 1.1, true), verdictOf(less, 1.1, true)]).toEqual(["better", "worse"]);
    expect([verdictOf(more, 1.1, false), verdictOf(less, 1.1, false)]).toEqual(["worse", "better"]);
  });
});
