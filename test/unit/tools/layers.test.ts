import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkLayers } from "../../../scripts/layers/check.ts";

const fixtures = join(import.meta.dir, "fixtures/layers");

/** Each problem of the bad fixture, up to the name of the rule it breaks. */
const expectedProblems: readonly string[] = [
  "bench/run.bench.ts -> test/helper.ts: test imported by a benchmark:",
  "ffi/memory.ts -> src/wire/word.ts: layer ffi:",
  "src/cli/command.ts -> PINO: pino:",
  "src/cli/dangling.ts -> ./gone.ts: unresolved:",
  "src/extension/tested.ts -> test/helper.ts: product imports support:",
  "src/extension/tested.ts -> test/helper.ts: test imported:",
  "src/gofer/adopts.ts -> src/elf/header.ts: layer src/gofer:",
  "src/gofer/run.ts -> src/cli/command.ts: layer src/gofer:",
  "src/host/backend.ts -> src/server/session.ts: cycle:",
  "src/host/unsafe.ts -> bun:ffi: bun:ffi:",
  "src/log/log.ts -> src/wire/word.ts: layer src/log:",
  "src/server/session.ts -> src/host/backend.ts: layer src/server:",
  "src/stray.ts: belongs to no layer",
  "src/wire/names-server.ts -> src/server/session.ts: layer src/wire:",
];

/** Cuts the reason off a problem, and the place where pino is installed. */
function withoutReason(problem: string): string {
  return problem.replace(/(: [^>]*?:) .*$/, "$1").replace(/-> \S*node_modules\/pino\/\S*:/, "-> PINO:");
}

describe("checkLayers()", () => {
  test("reports every wrong import of a bad tree and nothing else", async () => {
    const { problems } = await checkLayers(join(fixtures, "bad"));
    expect(problems.map(withoutReason).sort()).toEqual([...expectedProblems]);
  });

  test("accepts a tree whose imports go downwards, having seen all of it", async () => {
    const report = await checkLayers(join(fixtures, "good"));
    expect(report).toEqual({ moduleCount: 12, importCount: 12, problems: [] });
  });

  test("refuses a tree without a source file", async () => {
    const empty = mkdtempSync(join(tmpdir(), "bun-gofer-layers-"));
    try {
      const { problems } = await checkLayers(empty);
      expect(problems).toEqual([`${empty}: no TypeScript file found in it`]);
    } finally {
      rmSync(empty, { recursive: true });
    }
  });
});
