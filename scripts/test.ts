import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { addCounts, type Counts, countsOfReport, formatCounts, skippedTestNames } from "./test-report.ts";

/** The folders below test/ that hold a suite each, in the order they run: the quick ones first. */
const suites: readonly string[] = [
  "unit",
  "vectors",
  "interop",
  "process",
  "confinement",
  "fuzz",
  "soak",
  "sandbox",
  "engines",
];

const root = resolve(import.meta.dir, "..");

/** When a test counts as hanging that sets no limit of its own: not a measure of speed, so far beyond what any needs. */
const testMillisMax = 60_000;

interface SuiteResult {
  readonly counts: Counts;
  readonly skipped: readonly string[];
}

/**
 * Runs one suite and shows its output as it comes. A suite that fails without a failing test (a file that does not
 * load, a crash, no tests at all) counts as one failure.
 */
async function runSuite(suite: string, reportFile: string): Promise<SuiteResult> {
  const started = performance.now();
  console.log(`\n== ${suite}`);
  const run = Bun.spawn(
    [
      process.execPath,
      "test",
      `--timeout=${testMillisMax}`,
      "--reporter=junit",
      `--reporter-outfile=${reportFile}`,
      `./test/${suite}/`,
    ],
    { cwd: root, stdin: "ignore", stdout: "inherit", stderr: "inherit" },
  );
  const exitCode = await run.exited;
  const report = Bun.file(reportFile);
  const text = (await report.exists()) ? await report.text() : "";
  const reported = countsOfReport(text);
  const crashed = reported.failed === 0 && (exitCode !== 0 || reported.passed + reported.skipped === 0);
  const counts = crashed ? { ...reported, failed: 1 } : reported;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`== ${suite}: ${formatCounts(counts)} in ${seconds} s${crashed ? ` (bun test: exit ${exitCode})` : ""}`);
  return { counts, skipped: skippedTestNames(text) };
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((suite) => !suites.includes(suite));
if (unknown.length > 0) {
  console.error(`no suite ${unknown.join(", ")}\nusage: bun scripts/test.ts [${suites.join("|")}]...`);
  process.exit(2);
}

const reports = mkdtempSync(join(tmpdir(), "bun-gofer-test-"));
let total: Counts = { passed: 0, failed: 0, skipped: 0 };
const skipped: string[] = [];
try {
  for (const suite of wanted.length > 0 ? wanted : suites) {
    const result = await runSuite(suite, join(reports, `${suite}.xml`));
    total = addCounts(total, result.counts);
    skipped.push(...result.skipped.map((name) => `${suite}: ${name}`));
  }
} finally {
  rmSync(reports, { recursive: true });
}

if (skipped.length > 0) {
  console.log(`\nSkipped:\n${skipped.map((name) => `  ${name}`).join("\n")}`);
}
console.log(`\n${formatCounts(total)}`);
process.exitCode = total.failed === 0 ? 0 : 1;
