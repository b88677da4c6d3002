import { describe, expect, test } from "bun:test";
import { adoptExecutable, readAdoption, undoAdoption } from "../../../src/elf/adoption.ts";
import type { Machine } from "../../../src/elf/elf64.ts";
import type { AdoptionMethod } from "../../../src/elf/placement.ts";
import { acceptedValue } from "./support/expect-outcome.ts";
import { tinyProgram } from "./support/tiny-program.ts";

const seed = Number(process.env["ELF_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const rounds = 3000;
/** Headers and record stand in the first kilobyte of a tiny program. */
const headerBytes = 1024;
const gofer = "/opt/bun-gofer";

const machines: readonly Machine[] = ["x86-64", "arm64"];
const methods: readonly AdoptionMethod[] = ["padding", "segment"];
const cases = machines.flatMap((machine) => methods.map((method) => ({ machine, method })));

/** Numbers below a bound, the same ones for the same seed (a linear congruential generator). */
function randomBelow(state: number): (bound: number) => number {
  let current = state >>> 0;
  return (bound) => {
    current = (Math.imul(current, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((current / 2 ** 32) * bound);
  };
}

function mutate(program: Uint8Array, below: (bound: number) => number): Uint8Array {
  const mutant = program.slice(0, below(4) === 0 ? below(program.length) : program.length);
  const lastBytes = Math.max(0, mutant.length - headerBytes);
  for (let count = below(5); count > 0; count--) {
    const offset = below(headerBytes) + (below(3) === 0 ? lastBytes : 0);
    const value = [0, 1, 0x7f, 0x80, 0xff, below(256)][below(6)] ?? 0;
    mutant.fill(value, offset, offset + 1 + below(4));
  }
  return mutant;
}

describe.each(cases)(`hostile programs for $machine by $method (ELF_FUZZ_SEED=${seed})`, ({ machine, method }) => {
  test("adoption never throws, and what it accepts can be undone", () => {
    const below = randomBelow(seed);
    const program = tinyProgram({ machine });
    let accepted = 0;
    for (let round = 0; round < rounds; round++) {
      const mutant = mutate(program, below);
      const adopted = adoptExecutable(mutant, gofer, [method]);
      if (adopted.ok) {
        accepted++;
        expect(Buffer.compare(acceptedValue(undoAdoption(adopted.value.bytes)), mutant)).toBe(0);
      }
    }
    expect(accepted).toBeGreaterThan(0);
    expect(accepted).toBeLessThan(rounds);
  });

  test("undoing gives the original or a reason", () => {
    const below = randomBelow(seed);
    const original = tinyProgram({ machine });
    const adopted = acceptedValue(adoptExecutable(original, gofer, [method])).bytes;
    let refused = 0;
    for (let round = 0; round < rounds; round++) {
      const mutant = mutate(adopted, below);
      readAdoption(mutant);
      const undone = undoAdoption(mutant);
      if (undone.ok) {
        expect(Buffer.compare(undone.value, original)).toBe(0);
      } else {
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(0);
  });
});
