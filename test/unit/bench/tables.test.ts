import { describe, expect, test } from "bun:test";
import { footprintTable } from "../../../bench/report/footprint.ts";
import { durationText, numberText } from "../../../bench/report/format.ts";
import { listOf, scopesOf, scopeTable, summaryTable } from "../../../bench/report/gofers.ts";
import { goferResults } from "../../../bench/report/results.ts";
import { sandboxTable } from "../../../bench/report/sandboxes.ts";
import { markdownOf, textOf } from "../../../bench/report/table.ts";
import { footprintOf, measurementsOf, resultsOf, seriesOf, turnsOf } from "./support/sample-results.ts";

describe("a table", () => {
  const table = {
    title: "Title",
    columns: ["name", "kind", "n"],
    wordColumns: 2,
    rows: [
      ["a|b", "x", "10"],
      ["c", "yy", "5"],
    ],
  };

  test("is aligned for a terminal, words to the left and numbers to the right", () => {
    expect(textOf(table)).toBe("Title\nname  kind   n\na|b   x     10\nc     yy     5\n");
  });

  test("is Markdown with what would end a cell escaped", () => {
    expect(markdownOf(table)).toBe("| name | kind | n |\n|---|---|--:|\n| a\\|b | x | 10 |\n| c | yy | 5 |");
  });
});

describe("numbers", () => {
  test("have three digits and the unit that suits them", () => {
    expect([1.234, 12.34, 123.4, 123_456].map(numberText)).toEqual(["1.23", "12.3", "123", "123,456"]);
    expect([2.5, 2500, 2.5e6, 2.5e9].map(durationText)).toEqual(["2.50 ns", "2.50 µs", "2.50 ms", "2.50 s"]);
  });
});

describe("the comparison of gofers", () => {
  test("has a scope for each communicator and number of processors that was measured", () => {
    const socket = seriesOf("FStat", 900, 1000, { wire: "socket" });
    const scopes = scopesOf([resultsOf([seriesOf("FStat", 2000), socket], 1), resultsOf([seriesOf("FStat", 500)])]);
    expect(scopes.map(({ title }) => title)).toEqual([
      "channels, one processor",
      "socket, one processor",
      "channels, 2 processors",
    ]);
  });

  test("shows each operation's throughput, latency and processor time as ratios to stock", () => {
    const [scope] = scopesOf([resultsOf([seriesOf("FStat", 2000, 1100, { threads: 4, mounts: 4 })])]);
    if (scope === undefined) throw new Error("no scope");
    expect(scopeTable(scope).rows).toEqual([
      ["FStat", "4 on 4 mounts", "1,000", "2,000", "2.00× (2.00–2.00)", "1.10×", "0.50×", "0.50×", "0.50×", "0.50×"],
    ]);
  });

  test("counts as better or worse only what is beyond the noise of equals", () => {
    const scopes = scopesOf([
      resultsOf([seriesOf("Fast", 2000, 1100), seriesOf("Alike", 1050, 1100), seriesOf("Slow", 500, 1100)]),
    ]);
    expect(summaryTable(scopes).rows).toEqual([
      ["channels, 2 processors", "1.02×", "0.50×", "0.98×", "0.98×", "0.98×", "1.10×", "±10 %", "1", "1", "1"],
    ]);
    expect(listOf(scopes, "better")).toEqual(["Fast, 1 thread, channels, 2 processors: 2.00×"]);
    expect(listOf(scopes, "worse")).toEqual(["Slow, 1 thread, channels, 2 processors: 0.50×"]);
  });

  test("lists the largest difference first", () => {
    const scopes = scopesOf([resultsOf([seriesOf("Some", 1500), seriesOf("More", 3000), seriesOf("Less", 2000)])]);
    expect(listOf(scopes, "better").map((line) => line.split(",")[0])).toEqual(["More", "Less", "Some"]);
  });
});

test("the sandboxes' table ends with the geometric mean of each condition", () => {
  const { sandboxes } = measurementsOf([]);
  if (sandboxes === undefined) throw new Error("no sandboxes");
  expect(sandboxTable(sandboxes).rows).toEqual([
    ["git clone", "off", "2.00 s", "1.00 s", "0.50× (0.50–0.50)", "1.25× (1.25–1.25)"],
    ["geometric mean", "off", "", "", "0.50×", "1.25×"],
  ]);
});

test("the footprint sets ours against stock, and no ratio where stock has nothing", () => {
  const { title, rows } = footprintTable([footprintOf("stock", 2 ** 20, 8), footprintOf("ours", 2 ** 21, 4)]);
  expect(title).toContain("15,000");
  expect(rows).toContainEqual(["executable", "1.00 MiB", "2.00 MiB", "2.00×"]);
  expect(rows).toContainEqual(["start to first Mount reply, p50", "20.0 ms", "20.0 ms", "1.00×"]);
  expect(rows).toContainEqual(["threads at idle", "8", "4", "0.50×"]);
  expect(rows).toContainEqual(["processor at idle", "0.000 %", "0.000 %", ""]);
  expect(() => footprintTable([footprintOf("stock", 1, 1)])).toThrow("both gofers");
});

test("results that are not what the report expects are refused", () => {
  const results = resultsOf([seriesOf("FStat", 2000)]);
  expect(goferResults.parse(JSON.parse(JSON.stringify(results)))).toEqual(results);
  const [turn] = turnsOf("ours", [0]);
  expect(
    goferResults.safeParse({ ...results, series: [{ ...seriesOf("FStat", 1), turns: [turn] }] }).success,
  ).toBeFalse();
});
