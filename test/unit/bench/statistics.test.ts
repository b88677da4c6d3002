import { describe, expect, test } from "bun:test";
import { geometricMean, median, quantile } from "../../../bench/report/statistics.ts";

describe("quantile()", () => {
  test("takes values in any order and leaves them in it", () => {
    const values = [5, 1, 3];
    expect([0, 0.5, 1].map((share) => quantile(values, share))).toEqual([1, 3, 5]);
    expect(values).toEqual([5, 1, 3]);
  });

  test("interpolates between neighbours", () => {
    expect(quantile([10, 20], 0.25)).toBe(12.5);
    expect(median([1, 2, 3, 10])).toBe(2.5);
  });

  test("refuses to say something about nothing", () => {
    expect(() => median([])).toThrow("have none");
  });
});

describe("geometricMean()", () => {
  test("takes twice as much and half as much for nothing", () => {
    expect(geometricMean([2, 0.5])).toBeCloseTo(1);
    expect(geometricMean([8])).toBeCloseTo(8);
  });

  test("refuses what is no ratio", () => {
    for (const values of [[], [1, 0], [1, -1], [Number.NaN]])
      expect(() => geometricMean(values)).toThrow("want positive");
  });
});
