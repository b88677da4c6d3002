import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { adoptExecutable, undoAdoption } from "../../../src/elf/adoption.ts";
import type { Machine } from "../../../src/elf/elf64.ts";
import type { AdoptionMethod } from "../../../src/elf/placement.ts";
import { acceptedValue } from "./support/expect-outcome.ts";
import { nativeMachine, runProgram, whyNotRunnable } from "./support/run-program.ts";
import { TemporaryDirectory } from "./support/temporary-directory.ts";

const go = Bun.which("go");
const goArchitecture: Readonly<Record<Machine, string>> = { "x86-64": "amd64", arm64: "arm64" };
const source = join(import.meta.dir, "fixtures", "print-arguments.go");
const passedEnvironment = { BUN_GOFER_A: "1", BUN_GOFER_B: "", TZ: "UTC" };
const environment = { A: "1", B: "", ...passedEnvironment };
const buildMillisMax = 300_000;

const machines: readonly Machine[] = ["x86-64", "arm64"];
const methods: readonly AdoptionMethod[] = ["padding", "segment"];
const cases = machines.flatMap((machine) =>
  methods.map((method) => ({ machine, method, why: go === null ? "no go" : whyNotRunnable(machine) })),
);

let directory: TemporaryDirectory;

/** The program that prints what it was given. */
function printer(machine: Machine): string {
  return directory.at(`print-arguments-${machine}`);
}

function build(machine: Machine): void {
  const env = { ...process.env, CGO_ENABLED: "0", GOOS: "linux", GOARCH: goArchitecture[machine], GOFLAGS: "" };
  const { exitCode, stderr } = Bun.spawnSync({ cmd: ["go", "build", "-o", printer(machine), source], env });
  expect({ exitCode, stderr: stderr.toString() }).toEqual({ exitCode: 0, stderr: "" });
}

beforeAll(() => {
  directory = new TemporaryDirectory();
  for (const machine of new Set(cases.filter(({ why }) => why === undefined).map((each) => each.machine))) {
    build(machine);
  }
}, buildMillisMax);

afterAll(() => {
  directory[Symbol.dispose]();
});

describe.each(cases)("a static Go program for $machine, adopted by $method", ({ machine, method, why }) => {
  const title = (text: string) => (why === undefined ? text : `${text} (skipped: ${why})`);

  /** Runs the adopted program. The native printer is in the gofer's place, because an emulator runs only one program. */
  const runAdopted = (argv: readonly [string, ...string[]]) => {
    using files = new TemporaryDirectory();
    const gofer = files.writeProgram("gofer", readFileSync(printer(nativeMachine)));
    const adopted = acceptedValue(adoptExecutable(readFileSync(printer(machine)), gofer, [method]));
    return runProgram(machine, files.writeProgram("adopted", adopted.bytes), argv, environment);
  };

  // What the program prints before it is adopted is the measure: an emulator reorders the environment.
  const expectSame = (argv: readonly [string, ...string[]], variables: Readonly<Record<string, string>>) => {
    const original = runProgram(machine, printer(machine), argv, variables);
    const lines = original.stdout.toString().split("\n");
    expect(lines.slice(0, argv.length)).toEqual(argv.map((argument) => `argument ${argument}`));
    expect(lines).toContain("variable TZ=UTC");
    expect(runAdopted(argv)).toEqual(original);
  };

  test.skipIf(why !== undefined)(title("works as before under another argv[0]"), () => {
    expectSame(["runsc", "do", "a b", ""], environment);
  });

  test.skipIf(why !== undefined)(title("hands argv, and what may pass of the environment, to the gofer"), () => {
    expectSame(["runsc-gofer", "--root=/r", "gofer", "a b", ""], passedEnvironment);
  });

  test.skipIf(why !== undefined)(title("executes the gofer, not itself"), () => {
    const adopted = acceptedValue(adoptExecutable(readFileSync(printer(machine)), "/nonexistent/gofer", [method]));
    using files = new TemporaryDirectory();
    const { status, stdout } = runProgram(machine, files.writeProgram("adopted", adopted.bytes), ["runsc-gofer"]);
    expect({ status, length: stdout.length }).toEqual({ status: 127, length: 0 });
  });

  test.skipIf(why !== undefined)(title("is restored by undoing"), () => {
    const original = readFileSync(printer(machine));
    const adopted = acceptedValue(adoptExecutable(original, "/opt/bun-gofer", [method]));
    expect(Buffer.compare(acceptedValue(undoAdoption(adopted.bytes)), original)).toBe(0);
  });
});
