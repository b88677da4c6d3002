import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";

const repositoryRoot = resolve(import.meta.dir, "../..");
const program = resolve(repositoryRoot, ".cache/interop");
const stockRunsc = resolve(repositoryRoot, process.env["STOCK_RUNSC"] ?? "dist/runsc-stock");
const ourGofer = resolve(repositoryRoot, process.env["BUN_GOFER"] ?? "dist/bun-gofer");
const topicSecondsMax = 300;

/** The counts that the program prints last. */
const summaryPattern =
  /^(\d+) cases × their communicators = (\d+) runs on both gofers: .*; (\d+) lines differ as intended$/m;

const total = { cases: 0, runs: 0, intendedLines: 0 };

function reasonToSkip(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root";
  return Bun.which("go") === null ? "missing: go" : undefined;
}

/** Builds the program, which costs next to nothing when Go has built it before, and gives the names of its topics. */
function buildAndListTopics(): readonly string[] {
  for (const path of [stockRunsc, ourGofer]) {
    if (!existsSync(path)) throw new Error(`${path} does not exist: run "make build", or name it in the environment`);
  }
  mkdirSync(dirname(program), { recursive: true });
  run(["go", "build", "-o", program, "."]);
  return run([program, "-topics"]).split("\n").filter(Boolean);
}

function run(command: string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, {
    cwd: import.meta.dir,
    env: { ...process.env, CGO_ENABLED: "0" },
  });
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: exit ${exitCode}\n${stderr.toString()}`);
  return stdout.toString();
}

async function compare(topic: string): Promise<void> {
  const comparison = Bun.spawn([program, "-stock", stockRunsc, "-ours", ourGofer, "-topic", topic], {
    cwd: repositoryRoot,
    stdin: "ignore",
    stderr: "pipe",
  });
  const [output, errors] = await Promise.all([comparison.stdout.text(), comparison.stderr.text()]);
  const exitCode = await comparison.exited;
  const [summary, cases = "0", runs = "0", intendedLines = "0"] = summaryPattern.exec(output) ?? [];
  if (exitCode !== 0 || summary === undefined) console.error(`${output}${errors}`);
  expect({ exitCode, summarized: summary !== undefined }).toEqual({ exitCode: 0, summarized: true });
  total.cases += Number(cases);
  total.runs += Number(runs);
  total.intendedLines += Number(intendedLines);
}

const reason = reasonToSkip();
if (reason === undefined) {
  for (const topic of buildAndListTopics()) {
    test(`both gofers answer alike: ${topic}`, () => compare(topic), topicSecondsMax * 1000);
  }
  afterAll(() => {
    const { cases, runs, intendedLines } = total;
    console.log(`interop: ${cases} cases, ${runs} cases × communicators; ${intendedLines} lines differ as intended`);
  });
} else {
  test.skip(`both gofers answer alike (skipped: ${reason})`, () => {});
}
