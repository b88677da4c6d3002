import { readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { outputVariable } from "./micro/support/run-benchmarks.ts";
import { type MicroResults, microResults } from "./report/results.ts";
import { repositoryRoot, resultsPath } from "./results-folder.ts";

const suffix = ".bench.ts";

/** Runs each file of micro-benchmarks in a process of its own, which shows what it finds. Throws when one fails. */
export async function measureMicro(): Promise<MicroResults> {
  const folder = join(repositoryRoot, "bench/micro");
  const files = [...new Bun.Glob(`*${suffix}`).scanSync({ cwd: folder })].sort();
  const measured: unknown[] = [];
  for (const file of files) {
    const name = basename(file, suffix);
    const output = resultsPath(`micro-${name}`);
    console.log(`\n== bench/micro/${file}`);
    const child = Bun.spawn([process.execPath, join(folder, file)], {
      env: { ...process.env, [outputVariable]: output },
      stdin: "ignore",
      stdout: "inherit",
      stderr: "inherit",
    });
    if ((await child.exited) !== 0) throw new Error(`bench/micro/${file}: status ${child.exitCode}`);
    measured.push({ name, timings: JSON.parse(readFileSync(output, "utf8")) });
    rmSync(output);
  }
  return microResults.parse({ files: measured });
}
