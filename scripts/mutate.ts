import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Mutation, mutate, mutationsOf } from "./mutate/mutations.ts";

const usage = `usage: bun scripts/mutate.ts [--seed N] [--mutants N] [--list]

Changes one rule of the message table, the handlers or the host backend at a time and runs the unit tests on each
change. Prints how many they notice, and those that they do not.`;

/** Where the rules are, and the tests that should know them. */
const mutatedFiles = [
  "src/wire/{messages,message,strings,statx,records,dirent,limits}.ts",
  "src/server/**/*.ts",
  "src/host/*.ts",
];
const testFolders = ["./test/unit/wire/", "./test/unit/server/", "./test/unit/host/"];
const copied = ["src", "ffi", "test/unit", "test/vectors", "package.json", "bunfig.toml", "tsconfig.json"];

const workers = 2;
const testSecondsMax = 120;
const root = resolve(import.meta.dir, "..");

function parseOptions(): { readonly seed: number; readonly mutants: number; readonly list: boolean } {
  try {
    const options = { seed: { type: "string" }, mutants: { type: "string" }, list: { type: "boolean" } } as const;
    const { values } = parseArgs({ options });
    const seed = Number(values.seed ?? Date.now() % 1_000_000);
    const mutants = Number(values.mutants ?? 100);
    if (!Number.isInteger(seed) || !Number.isInteger(mutants) || mutants < 1)
      throw new Error("N must be a whole number");
    return { seed, mutants, list: values.list ?? false };
  } catch (error) {
    console.error(`mutate: ${error instanceof Error ? error.message : error}\n${usage}`);
    process.exit(2);
  }
}

function allMutations(): Mutation[] {
  const files = mutatedFiles.flatMap((pattern) => [...new Bun.Glob(pattern).scanSync(root)]).toSorted();
  return files.flatMap((file) => mutationsOf(file, readFileSync(join(root, file), "utf8")));
}

/** Numbers from 0 to below 1 that depend on the seed alone (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `count` of the mutations, each kind in turn, so that rare kinds have their share. */
function choose(mutations: readonly Mutation[], count: number, random: () => number): Mutation[] {
  const kinds = [...Map.groupBy(mutations, ({ kind }) => kind).values()].map((list) => [...list]);
  const chosen: Mutation[] = [];
  while (chosen.length < count && kinds.some((list) => list.length > 0)) {
    for (const list of kinds) {
      if (list.length === 0 || chosen.length === count) continue;
      chosen.push(...list.splice(Math.floor(random() * list.length), 1));
    }
  }
  return chosen;
}

function copyRepository(): string {
  const copy = mkdtempSync(join(tmpdir(), "bun-gofer-mutate-"));
  for (const name of copied) cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  return copy;
}

/** Whether the tests fail, which they do with a hang as well. */
async function testsFail(copy: string): Promise<boolean> {
  const run = Bun.spawn([process.execPath, "test", "--bail", ...testFolders], {
    cwd: copy,
    stdout: "ignore",
    stderr: "ignore",
    timeout: testSecondsMax * 1000,
    killSignal: "SIGKILL",
  });
  return (await run.exited) !== 0;
}

async function survives(copy: string, mutation: Mutation): Promise<boolean> {
  const path = join(copy, mutation.file);
  const text = readFileSync(path, "utf8");
  writeFileSync(path, mutate(text, mutation));
  try {
    return !(await testsFail(copy));
  } finally {
    writeFileSync(path, text);
  }
}

function describe({ file, line, kind, before, after }: Mutation): string {
  return `${file}:${line} ${kind}\n    - ${before}\n    + ${after}`;
}

const { seed, mutants, list } = parseOptions();
const queue = choose(allMutations(), mutants, seededRandom(seed));
console.log(`seed ${seed}: ${queue.length} mutants of ${allMutations().length}`);
if (list) {
  for (const mutation of queue) console.log(describe(mutation));
  process.exit(0);
}

const copies = Array.from({ length: workers }, copyRepository);
const survivors: Mutation[] = [];
let done = 0;
try {
  const [firstCopy = ""] = copies;
  if (await testsFail(firstCopy)) throw new Error("the tests fail without any mutation");
  await Promise.all(
    copies.map(async (copy) => {
      for (let mutation = queue.shift(); mutation !== undefined; mutation = queue.shift()) {
        if (await survives(copy, mutation)) {
          survivors.push(mutation);
          console.log(`survived: ${describe(mutation)}`);
        }
        done++;
        if (done % 10 === 0) console.log(`${done} done, ${survivors.length} survived`);
      }
    }),
  );
} finally {
  for (const copy of copies) rmSync(copy, { recursive: true, force: true });
}
console.log(`${done - survivors.length} of ${done} mutants killed, ${survivors.length} survived (seed ${seed})`);
