import { describe, expect, test } from "bun:test";
import { adoptExecutable } from "../../../src/elf/adoption.ts";
import type { Machine } from "../../../src/elf/elf64.ts";
import type { AdoptionMethod } from "../../../src/elf/placement.ts";
import { acceptedValue } from "./support/expect-outcome.ts";
import { runProgram, whyNotRunnable } from "./support/run-program.ts";
import { TemporaryDirectory } from "./support/temporary-directory.ts";
import { registerNames, tinyProgram } from "./support/tiny-program.ts";

const machines: readonly Machine[] = ["x86-64", "arm64"];
const methods: readonly AdoptionMethod[] = ["padding", "segment"];
const cases = machines.flatMap((machine) =>
  methods.map((method) => ({ machine, method, why: whyNotRunnable(machine) })),
);

/** The names of the registers that are not zero, and argc. */
function readDump(machine: Machine, dump: Uint8Array) {
  const words = Array.from(new BigUint64Array(dump.slice().buffer));
  const names = registerNames[machine];
  expect(words.length).toBe(names.length + 1);
  return { set: names.filter((_, index) => words[index] !== 0n), argc: words.at(-1) };
}

describe.each(cases)("entry stub for $machine by $method", ({ machine, method, why }) => {
  const title = (text: string) => (why === undefined ? text : `${text} (skipped: ${why})`);

  /** Runs the tiny program, adopted with `gofer`. */
  const run = (directory: TemporaryDirectory, gofer: string, argv: [string, ...string[]]) => {
    const adopted = acceptedValue(adoptExecutable(tinyProgram({ machine }), gofer, [method]));
    return runProgram(machine, directory.writeProgram("adopted", adopted.bytes), argv);
  };

  test.skipIf(why !== undefined)(title("leaves registers and stack as the kernel set them"), () => {
    using directory = new TemporaryDirectory();
    const plain = runProgram(machine, directory.writeProgram("plain", tinyProgram({ machine })), ["runsc", "a", "b"]);
    const adopted = run(directory, "/nonexistent/gofer", ["runsc", "a", "b"]);
    expect(adopted.status).toBe(0);
    const atKernelEntry = readDump(machine, plain.stdout);
    const scratch = machine === "arm64" ? ["x16"] : [];
    const found = readDump(machine, adopted.stdout);
    expect({ ...found, set: found.set.filter((name) => !scratch.includes(name)) }).toEqual(atKernelEntry);
    expect(found.argc).toBe(3n);
  });

  const otherNames = ["runsc", "", "runsc-gofe", "runsc-gofer2", "runsc-gofer ", "/runsc-gofer", "Runsc-gofer"];
  test.skipIf(why !== undefined).each(otherNames)(title("starts the program itself when argv[0] is %p"), (name) => {
    using directory = new TemporaryDirectory();
    const { status, stdout } = run(directory, "/nonexistent/gofer", [name]);
    expect(status).toBe(0);
    expect(readDump(machine, stdout).argc).toBe(1n);
  });

  test.skipIf(why !== undefined)(
    title("exits with 127 and a line that names the gofer when it cannot be executed"),
    () => {
      using directory = new TemporaryDirectory();
      const { status, stdout, stderr } = run(directory, "/nonexistent/gofer", ["runsc-gofer", "gofer"]);
      expect(status).toBe(127);
      expect(stdout.length).toBe(0);
      expect(stderr).toBe("bun-gofer: cannot execute the gofer /nonexistent/gofer\n");
    },
  );
});
