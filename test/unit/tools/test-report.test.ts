import { describe, expect, test } from "bun:test";
import { addCounts, countsOfReport, formatCounts, skippedTestNames } from "../../../scripts/test-report.ts";

/** What `bun test --reporter=junit` writes for a passing, a failing, a skipped and a planned test. */
const report = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="4" assertions="1" failures="1" skipped="2" time="0.03">
  <testsuite name="a.test.ts" file="a.test.ts" tests="4" assertions="1" failures="1" skipped="2" time="0.002">
    <testsuite name="group" file="a.test.ts" line="2" tests="4" assertions="1" failures="1" skipped="2" time="0">
      <testcase name="one" classname="group" time="0" file="a.test.ts" line="2" assertions="0" />
      <testcase name="bad" classname="group" time="0" file="a.test.ts" line="2" assertions="1">
        <failure type="AssertionError" message="1 &gt; 2">AssertionError</failure>
      </testcase>
      <testcase name="runs &quot;fio&quot; (skipped: missing: fio)" classname="group" time="0" assertions="0">
        <skipped />
      </testcase>
      <testcase name="later" time="0" file="a.test.ts" line="2" assertions="0">
        <skipped message="TODO" />
      </testcase>
    </testsuite>
  </testsuite>
</testsuites>
`;

describe("countsOfReport()", () => {
  test("takes the totals of the whole run, not of one file", () => {
    expect(countsOfReport(report)).toEqual({ passed: 1, failed: 1, skipped: 2 });
  });

  test("finds nothing in an empty report", () => {
    expect(countsOfReport("")).toEqual({ passed: 0, failed: 0, skipped: 0 });
  });
});

test("skippedTestNames() gives each skipped test with its group, and no other", () => {
  expect(skippedTestNames(report)).toEqual(['group > runs "fio" (skipped: missing: fio)', "later"]);
});

test("formatCounts() writes the closing line of a sum of runs", () => {
  const counts = addCounts({ passed: 1, failed: 2, skipped: 3 }, { passed: 10, failed: 20, skipped: 30 });
  expect(formatCounts(counts)).toBe("11 passed, 22 failed, 33 skipped");
});
