import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { z } from "zod";

export const repositoryRoot = resolve(import.meta.dir, "..");

/** Where the benchmarks leave what they measured. */
const folder = join(repositoryRoot, ".cache/bench");

/** Path of a file of results, such as `footprint`; makes its folder. */
export function resultsPath(name: string): string {
  mkdirSync(folder, { recursive: true });
  return join(folder, `${name}.json`);
}

export function saveResults(name: string, results: unknown): void {
  writeFileSync(resultsPath(name), `${JSON.stringify(results, undefined, 1)}\n`);
}

/** What was measured last; undefined when it never was. Throws when the file holds something else. */
export function loadResults<S extends z.ZodType>(name: string, schema: S): z.infer<S> | undefined {
  const text = readIfThere(resultsPath(name));
  if (text === undefined) return undefined;
  const parsed = schema.safeParse(JSON.parse(text));
  if (!parsed.success) throw new Error(`${resultsPath(name)}: ${parsed.error.message}`);
  return parsed.data;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
