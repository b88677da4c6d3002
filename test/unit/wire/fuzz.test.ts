import { describe, expect, test } from "bun:test";
import type { Codec, Cursor } from "../../../src/wire/codec.ts";
import { messageNames, messages } from "../../../src/wire/messages.ts";
import { memoryFilled } from "./memory-of.ts";
import { messageVectors } from "./vectors.ts";

const rounds = 20_000;
const lengthMax = 400;

/** Repeat a run with BUN_GOFER_SEED=…; the seed stands in the name of the tests. */
const seed = Number(process.env["BUN_GOFER_SEED"] ?? Math.floor(Math.random() * 2 ** 32));

const codecs: readonly (readonly [string, Codec<unknown>])[] = messageNames.flatMap((name) => [
  [`${name} request`, messages[name].request],
  [`${name} reply`, messages[name].reply],
]);

describe(`decoding hostile bytes (seed ${seed})`, () => {
  test("of any kind gives a value or undefined, never more than the bytes bear out", () => {
    const random = xorshift32(seed);
    const memory = memoryFilled(lengthMax, 0);
    for (let round = 0; round < rounds; round++) {
      const length = random() % (lengthMax + 1);
      const at = random() % (lengthMax - length + 1);
      // Small bytes make small counts, which get a decoder further than large ones.
      const largest = pick([2, 8, 256], random);
      for (let index = 0; index < length; index++) memory.u8[at + index] = random() % largest;
      const [name, codec] = pick(codecs, random);
      judge(`${name}, round ${round}`, codec, { memory, at, end: at + length });
    }
  });

  test("that are a message with some bytes changed gives a value or undefined", () => {
    const random = xorshift32(seed);
    for (const { bytes, codec, title } of messageVectors) {
      if (bytes.length === 0) continue;
      for (let round = 0; round < 20; round++) {
        const memory = memoryFilled(bytes.length, 0);
        memory.u8.set(bytes);
        for (let change = 0; change < 3; change++) memory.u8[random() % bytes.length] = random() % 256;
        judge(`${title}, round ${round}`, codec, { memory, at: 0, end: bytes.length });
      }
    }
  });
});

test("sizeOf() counts what was allocated for a value", () => {
  expect(sizeOf({ a: "xyz", b: [1, 2], c: new Uint8Array(5) })).toBe(3 + 2 + 5);
});

function judge(what: string, codec: Codec<unknown>, cursor: Cursor): void {
  const { at: start, end } = cursor;
  const value = codec.decode(cursor);
  expect(cursor.at, what).toBeWithin(start, end + 1);
  if (value !== undefined) expect(sizeOf(value), what).toBeLessThanOrEqual(end - start);
}

/** Characters, list elements and bytes in the value: what a peer could make us allocate. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (value instanceof Uint8Array) return value.length;
  if (typeof value !== "object" || value === null) return 0;
  const inside = Object.values(value).reduce<number>((sum, member) => sum + sizeOf(member), 0);
  return Array.isArray(value) ? value.length + inside : inside;
}

function pick<T>(choices: readonly T[], random: () => number): T {
  const choice = choices[random() % choices.length];
  if (choice === undefined) throw new Error("nothing to pick from");
  return choice;
}

/** Marsaglia's xorshift with 32 bits of state. */
function xorshift32(start: number): () => number {
  let state = start >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
