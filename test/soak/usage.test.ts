import { describe, expect, test } from "bun:test";
import { growthIn, type Usage } from "./support/usage.ts";

const mebibyte = 1024 * 1024;
const usual: Usage = { residentBytes: 0, proportionalBytes: 0, privateBytes: 30 * mebibyte, threads: 9 };

function samples(change: (index: number) => Partial<Usage>): Usage[] {
  return Array.from({ length: 12 }, (_, index) => ({ ...usual, ...change(index) }));
}

describe("growthIn()", () => {
  test("finds none where nothing grows", () => {
    expect(growthIn(samples(() => ({})))).toEqual([]);
  });

  test("passes over what warms up, and a moment that stands out", () => {
    const warming = (index: number): number => (index < 3 ? index : index === 10 ? 900 : 30);
    expect(growthIn(samples((index) => ({ privateBytes: warming(index) * mebibyte })))).toEqual([]);
  });

  test("finds memory that grows all the time", () => {
    const [problem = ""] = growthIn(samples((index) => ({ privateBytes: index * 4 * mebibyte })));
    expect(problem).toStartWith("privateBytes grew from ");
  });

  test("finds threads that become more and more", () => {
    expect(growthIn(samples((index) => ({ threads: index })))).toHaveLength(1);
  });

  test("cannot tell from a few looks", () => {
    expect(growthIn([usual])).toHaveLength(1);
  });
});
