// Runs the benchmarks: `bun bench/run.ts [--quick] [micro|gofers|footprint|sandboxes|page]...`, as root. Without a part
// named, all. --quick takes about a minute and only prints; otherwise results stay in .cache/bench/, and the page and its
// chart are made of them. STOCK_RUNSC and BUN_GOFER name other executables than those in dist/; for the sandboxes,
// RUNSC_UNDER_TEST does.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { reasonToSkip } from "./executables.ts";
import { measureFootprints, measureGofers } from "./gofers.ts";
import { observeMachine } from "./machine.ts";
import { measureMicro } from "./micro.ts";
import { chartOf } from "./report/chart.ts";
import { footprintTable } from "./report/footprint.ts";
import { type Scope, scopesOf, scopeTable, summaryTable } from "./report/gofers.ts";
import { fill, type Measurements, machineTable, partsOf } from "./report/page.ts";
import { type GoferResults, goferResults, machineFacts, microResults, sandboxResults } from "./report/results.ts";
import { sandboxTable } from "./report/sandboxes.ts";
import { type Table, textOf } from "./report/table.ts";
import { loadResults, repositoryRoot, saveResults } from "./results-folder.ts";

const parts = ["micro", "gofers", "footprint", "sandboxes", "page"] as const;
type Part = (typeof parts)[number];

const words = process.argv.slice(2);
const quick = words.includes("--quick");
const named = words.filter((word) => word !== "--quick");
const unknown = named.filter((word) => !parts.some((part) => part === word));
if (unknown.length > 0) {
  console.error(`no part ${unknown.join(", ")}\nusage: bun bench/run.ts [--quick] [${parts.join("|")}]...`);
  process.exit(2);
}
const wanted: readonly Part[] = named.length > 0 ? parts.filter((part) => named.includes(part)) : usualParts();
for (const part of wanted) await runPart(part);

function usualParts(): readonly Part[] {
  return quick ? ["gofers", "footprint", "sandboxes"] : parts;
}

async function runPart(part: Part): Promise<void> {
  switch (part) {
    case "micro":
      save("micro", await measureMicro());
      return;
    case "gofers":
      if (maySkip(part, reasonToSkip())) return;
      return await runGofers();
    case "footprint": {
      if (maySkip(part, reasonToSkip())) return;
      const results = await measureFootprints(quick);
      print(footprintTable(results.footprints));
      save("footprint", results);
      return;
    }
    case "sandboxes":
      return await runSandboxes();
    case "page":
      writePage();
      return;
  }
}

async function runGofers(): Promise<void> {
  const results = await measureGofers(quick);
  const machine = observeMachine();
  print(machineTable({ machine, gofers: results }));
  printGofers(scopesOf(results));
  save("gofers", results);
  save("machine", machine);
}

function printGofers(scopes: readonly Scope[]): void {
  for (const scope of scopes) print(scopeTable(scope));
  print(summaryTable(scopes));
}

/** Loaded only when wanted: it looks for executables and starts programs as it loads. */
async function runSandboxes(): Promise<void> {
  const { fullPlan, measureSandboxes, quickPlan, reasonToSkipSandboxes } = await import("./sandboxes.ts");
  if (maySkip("sandboxes", reasonToSkipSandboxes())) return;
  const results = await measureSandboxes(quick ? quickPlan : fullPlan);
  print(sandboxTable(results));
  save("sandboxes", results);
}

function maySkip(part: Part, reason: string | undefined): boolean {
  if (reason === undefined) return false;
  console.error(`${part}: skipped, ${reason}`);
  return true;
}

function print(table: Table): void {
  console.log(`\n${textOf(table)}`);
}

function save(name: string, results: unknown): void {
  if (!quick) saveResults(name, results);
}

/** Makes the page of what was measured last, in this run or before. */
function writePage(): void {
  const gofers: readonly GoferResults[] = loadResults("gofers", z.array(goferResults)) ?? [];
  const measurements: Measurements = {
    machine: loadResults("machine", machineFacts),
    gofers,
    scopes: scopesOf(gofers),
    footprints: loadResults("footprint", goferResults)?.footprints,
    sandboxes: loadResults("sandboxes", sandboxResults),
    micro: loadResults("micro", microResults),
  };
  const template = join(repositoryRoot, "bench/report/performance.template.md");
  const page = join(repositoryRoot, "docs/performance.md");
  writeFileSync(page, fill(readFileSync(template, "utf8"), partsOf(measurements)));
  writeFileSync(join(repositoryRoot, "docs/performance.svg"), chartOf(measurements.scopes));
  console.log("wrote docs/performance.md and docs/performance.svg");
}
