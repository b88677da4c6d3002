import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { chartOf } from "../../../bench/report/chart.ts";
import { scopesOf } from "../../../bench/report/gofers.ts";
import { fill, type Measurements, partsOf } from "../../../bench/report/page.ts";
import { measurementsOf, resultsOf, seriesOf } from "./support/sample-results.ts";

const template = readFileSync(resolve(import.meta.dir, "../../../bench/report/performance.template.md"), "utf8");

const nothing: Measurements = {
  machine: undefined,
  gofers: [],
  scopes: [],
  footprints: undefined,
  sandboxes: undefined,
  micro: undefined,
};

describe("fill()", () => {
  test("puts parts in their places and leaves what is written by hand", () => {
    expect(fill("# Title\n{{one}} and {{two}}, $& {one}", { one: "1 $&", two: "2" })).toBe(
      "# Title\n1 $& and 2, $& {one}",
    );
  });

  test("refuses a place that nobody fills, and a part without a place", () => {
    expect(() => fill("{{one}}", {})).toThrow("wants one");
    expect(() => fill("", { one: "1" })).toThrow("no place for one");
  });
});

describe("the page", () => {
  test("says what was measured, on what, and what is better and worse", () => {
    const results = resultsOf([seriesOf("FStat", 3000), seriesOf("Walk", 400)]);
    const page = fill(template, partsOf(measurementsOf([results])));
    for (const expected of [
      "| machine | Some Processor, 2 processors, 4 GiB |",
      "| gofer | bun-gofer 1.2.3 |",
      "| gVisor | v1 |",
      "| turns | 3 rounds of 500 ms, order by seed 7 |",
      "### What is better\n\n- FStat, 1 thread, channels, 2 processors: 3.00×",
      "### What is worse\n\n- Walk, 1 thread, channels, 2 processors: 0.40×",
      "### Gofer against gofer: channels, 2 processors",
      "| git clone | off |",
      "| executable | 1.00 MiB | 2.00 MiB | 2.00× |",
      "| free lock | 4.00 ns | 3.00 ns | 5.00 µs |",
    ]) {
      expect(page).toContain(expected);
    }
    expect(page).not.toContain("{{");
  });

  test("says so where nothing was measured", () => {
    const page = fill(template, partsOf(nothing));
    expect(page.match(/Not measured\./g)).toHaveLength(5);
    expect(page.match(/Nothing beyond the noise\./g)).toHaveLength(2);
  });

  test("names the first of many and counts the rest", () => {
    const many = Array.from({ length: 30 }, (_, index) => seriesOf(`Operation ${index}`, 2000));
    const { better = "" } = partsOf(measurementsOf([resultsOf(many)]));
    expect(better.split("\n")).toHaveLength(26);
    expect(better).toEndWith("- and 5 more, in the tables below");
  });
});

describe("the chart", () => {
  const series = [seriesOf("Walk <1>", 2000), seriesOf("Four", 3000, 1000, { threads: 4 })];
  const chart = chartOf(scopesOf([resultsOf(series), resultsOf([seriesOf("Walk <1>", 100_000)], 1)]));

  test("has a dot for each scope of an operation, where its ratio lies on a logarithmic axis", () => {
    const dots = [...chart.matchAll(/<circle cx="([\d.]+)" cy="[\d.]+" r="3"/g)].map(([, x]) => Number(x));
    // From 0.5× at 246 to 64×, where the axis ends, at 766: two steps of seven, and beyond the end.
    expect(dots).toEqual([246 + Math.round((2 / 7) * 5200) / 10, 766]);
  });

  test("shows one thread only", () => {
    expect(chart).not.toContain("Four");
  });

  test("is well-formed, whatever an operation is called", () => {
    expect(chart).toContain(">Walk &lt;1&gt;</text>");
    const open: string[] = [];
    for (const [, end, name = "", alone] of chart.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g)) {
      if (end === "/") expect(open.pop()).toBe(name);
      else if (alone !== "/") open.push(name);
    }
    expect(open).toEqual([]);
  });

  test("can be drawn of nothing", () => {
    expect(chartOf([])).toStartWith("<svg ");
  });
});
