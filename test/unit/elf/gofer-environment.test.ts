import { describe, expect, test } from "bun:test";
import { join, resolve } from "node:path";
import type { Machine } from "../../../src/elf/elf64.ts";
import { passedVariables } from "../../../src/elf/gofer-environment.ts";
import { runProgram, whyNotRunnable } from "./support/run-program.ts";
import { stubProgram } from "./support/stub-program.ts";
import { TemporaryDirectory } from "./support/temporary-directory.ts";

type Filter = (entries: readonly string[]) => string[];

const launcherModule = resolve(import.meta.dir, "../../../runsc");
const launcherFilter = join(import.meta.dir, "fixtures", "filter-environment.go");
const seed = Number(process.env["ELF_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 32));

/** What the gofer gets, by the entry stub of `machine`. The gofer is a program that prints its environment. */
function filteredByStub(machine: Machine): Filter {
  return (environment) => {
    using directory = new TemporaryDirectory();
    const argv = ["runsc-gofer", "/proc/self/environ"];
    const program = stubProgram({ machine, goferPath: "/bin/cat", argv, environment });
    const { status, stdout, stderr } = runProgram(machine, directory.writeProgram("stub", program), ["stub"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    return splitAtNul(stdout);
  };
}

function runLauncherFilter(entries: readonly string[]): { list: string[]; kept: string[] } {
  const input = Buffer.from(entries.map((entry) => `${entry}\0`).join(""));
  const env = { ...process.env, CGO_ENABLED: "0" };
  const run = Bun.spawnSync(["go", "run", launcherFilter], { cwd: launcherModule, env, stdin: input });
  expect({ status: run.exitCode, stderr: run.stderr.toString() }).toEqual({ status: 0, stderr: "" });
  const lines = splitAtNul(run.stdout);
  const end = lines.indexOf("");
  return { list: lines.slice(0, end), kept: lines.slice(end + 1) };
}

function splitAtNul(bytes: Uint8Array): string[] {
  return new TextDecoder().decode(bytes).split("\0").slice(0, -1);
}

/** The rule, said in another way than the filters say it. */
const expectedOf: Filter = (entries) => {
  const isPassed = (entry: string) => /^(BUN_GOFER_[^=]*|TZ)=/.test(entry);
  const nameOf = (entry: string) => entry.slice(0, entry.indexOf("="));
  const passed = entries.filter(isPassed);
  return passed.filter((entry, index) => passed.findIndex((other) => nameOf(other) === nameOf(entry)) === index);
};

/** Entries that look like those that pass, more or less. */
function randomEntries(count: number): string[] {
  let state = seed >>> 0;
  const below = (bound: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
  const pieces = ["BUN_GOFER_", "BUN_GOFER", "BUN_", "TZ", "=", "==", "", "A", "B", "é", " ", "LD_PRELOAD", "\n"];
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + below(4) }, () => pieces[below(pieces.length)] ?? "").join(""),
  );
}

const dangerous = [
  "BUN_OPTIONS=--preload=/tmp/evil.js",
  "BUN_BE_BUN=1",
  "BUN_JSC_useJIT=0",
  "NODE_OPTIONS=--require=/tmp/evil.js",
  "LD_PRELOAD=/tmp/evil.so",
  "LD_LIBRARY_PATH=/tmp",
  "GLIBC_TUNABLES=glibc.malloc.check=3",
];

const samples: readonly (readonly [what: string, entries: readonly string[], kept: readonly string[]])[] = [
  ["an empty environment", [], []],
  ["what the dynamic loader, libc and Bun heed", dangerous, []],
  [
    "what is the gofer's, in its order",
    ["BUN_GOFER_B=2", "TZ=UTC", "BUN_GOFER_A=1"],
    ["BUN_GOFER_B=2", "TZ=UTC", "BUN_GOFER_A=1"],
  ],
  ["one between others", [...dangerous, "BUN_GOFER_STATS=/f", ...dangerous], ["BUN_GOFER_STATS=/f"]],
  ["empty values", ["BUN_GOFER_A=", "TZ="], ["BUN_GOFER_A=", "TZ="]],
  ["a name of nothing but the beginning", ["BUN_GOFER_=1"], ["BUN_GOFER_=1"]],
  ["values with equals signs", ["BUN_GOFER_A=b=c", "TZ==d"], ["BUN_GOFER_A=b=c", "TZ==d"]],
  ["names that only look like them", ["TZDIR=/tmp", "TZX=1", "T=1", "BUN_GOFER=1", "bun_gofer_A=1", "XTZ=1"], []],
  ["a beginning that is not at the beginning", ["A=BUN_GOFER_B=1", " TZ=UTC", "LD_PRELOAD=TZ=UTC"], []],
  ["what is no variable", ["", "=", "=TZ=", "TZ", "BUN_GOFER_A", "BUN_GOFER_", "BUN_BE_BUN"], []],
  [
    "the second of a name",
    ["BUN_GOFER_A=1", "TZ=1", "BUN_GOFER_A=2", "TZ=1", "BUN_GOFER_AB=3"],
    ["BUN_GOFER_A=1", "TZ=1", "BUN_GOFER_AB=3"],
  ],
  ["a variable after the same name without a value", ["TZ", "TZ=UTC"], ["TZ=UTC"]],
  ["duplicates of what is kept out", ["LD_PRELOAD=/a", "LD_PRELOAD=/b", "TZ=UTC", "LD_PRELOAD=/c"], ["TZ=UTC"]],
];

const machines: readonly Machine[] = ["x86-64", "arm64"];
const filters: readonly { readonly by: string; readonly filter: Filter; readonly why: string | undefined }[] = [
  ...machines.map((machine) => ({
    by: `the entry stub for ${machine}`,
    filter: filteredByStub(machine),
    why: whyNotRunnable(machine),
  })),
  {
    by: "the launcher",
    filter: (entries) => runLauncherFilter(entries).kept,
    why: Bun.which("go") === null ? "no go" : undefined,
  },
];

describe.each([...filters])("the gofer's environment by $by", ({ filter, why }) => {
  const title = (text: string) => (why === undefined ? text : `${text} (skipped: ${why})`);

  test.skipIf(why !== undefined).each([...samples])(title("is right for %s"), (_, entries, kept) => {
    expect(filter(entries)).toEqual([...kept]);
    expect(expectedOf(entries)).toEqual([...kept]);
  });

  test.skipIf(why !== undefined)(title(`is right for random entries (ELF_FUZZ_SEED=${seed})`), () => {
    const entries = randomEntries(2000);
    const expected = expectedOf(entries);
    expect(expected).not.toBeEmpty();
    expect(expected.length).toBeLessThan(1000);
    expect(filter(entries)).toEqual(expected);
  });
});

test.skipIf(Bun.which("go") === null)("the launcher goes by the same list as the entry stub", () => {
  expect(runLauncherFilter([]).list).toEqual([...passedVariables]);
});
