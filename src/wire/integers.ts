import type { Memory } from "../../ffi/memory.ts";
import { type FixedCodec, fixed } from "./codec.ts";

const wordValues = 2 ** 32;

/** The upper half of Number.MAX_SAFE_INTEGER: from the next one on a 64-bit value may not fit a number. */
const safeUpperHalfMax = 2 ** 21 - 1;

/** 64 unsigned bits: a number up to 2^53 − 1, a bigint above, and never the other way round. */
export type U64 = number | bigint;

/** 64 signed bits: a number where its magnitude is at most 2^53 − 1, else a bigint. */
export type I64 = number | bigint;

declare const fdIdBrand: unique symbol;

/**
 * The number by which a peer names a descriptor on one connection; 0 names none. On the wire it has 64 bits, and one above
 * 2^53 may be rounded here. That is sound: the server counts up from 1 and never gets there, so a rounded one is as unknown
 * as the exact one would be.
 */
export type FdId = number & { readonly [fdIdBrand]: true };

export const u8: FixedCodec<number> = fixed(
  1,
  (memory, at) => memory.view.getUint8(at),
  (memory, at, value) => memory.view.setUint8(at, value),
);

export const u16: FixedCodec<number> = fixed(
  2,
  (memory, at) => memory.view.getUint16(at, true),
  (memory, at, value) => memory.view.setUint16(at, value, true),
);

export const u32: FixedCodec<number> = fixed(
  4,
  (memory, at) => memory.view.getUint32(at, true),
  (memory, at, value) => memory.view.setUint32(at, value, true),
);

export const i32: FixedCodec<number> = fixed(
  4,
  (memory, at) => memory.view.getInt32(at, true),
  (memory, at, value) => memory.view.setInt32(at, value, true),
);

export const u64: FixedCodec<U64> = fixed(8, readU64, write64);

export const i64: FixedCodec<I64> = fixed(8, readI64, write64);

export const fdId: FixedCodec<FdId> = fixed(8, readFdId, write64);

export function readU64(memory: Memory, at: number): U64 {
  const { view } = memory;
  const low = view.getUint32(at, true);
  const high = view.getUint32(at + 4, true);
  return high <= safeUpperHalfMax ? high * wordValues + low : joinHalves(high, low);
}

export function readI64(memory: Memory, at: number): I64 {
  const { view } = memory;
  const low = view.getUint32(at, true);
  const high = view.getInt32(at + 4, true);
  const value = high * wordValues + low;
  return Number.isSafeInteger(value) ? value : joinHalves(high, low);
}

/** Writes 64 bits, signed or not: a negative value in two's complement. */
export function write64(memory: Memory, at: number, value: U64 | I64): void {
  const { view } = memory;
  if (typeof value === "bigint") {
    view.setBigInt64(at, value, true);
    return;
  }
  // Halves that were made small integers first are stored in line; given a double, the store is a call at times.
  view.setInt32(at, value | 0, true);
  view.setInt32(at + 4, Math.floor(value / wordValues) | 0, true);
}

function readFdId(memory: Memory, at: number): FdId {
  const { view } = memory;
  return (view.getUint32(at + 4, true) * wordValues + view.getUint32(at, true)) as FdId;
}

function joinHalves(high: number, low: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}
