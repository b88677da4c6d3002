import { type Pointer, toArrayBuffer } from "bun:ffi";
import { edenGC } from "bun:jsc";
import { allowReadAndWrite, reserveAddressSpace } from "./libc.ts";
import type { Memory } from "./memory.ts";

/** Address space set aside; memory is used only where it was allocated and touched. Offsets stay below 2^31: small integers. */
const arenaBytes = 0x7ff0_0000;

export const pageBytes = 4096;

const base = reserveAddressSpace(arenaBytes);
// SAFETY: the reservation is never unmapped, so both views stay valid for the life of the process. Touching a part that
// was not allocated faults: offsets come from allocate() only.
const buffer = toArrayBuffer(base as Pointer, 0, arenaBytes);

/** All memory shared with the kernel and with sandboxes. Places in it are offsets; addressOf() is for system calls. */
export const memory: Memory & { readonly i32: Int32Array; readonly buffer: Buffer } = {
  u8: new Uint8Array(buffer),
  i32: new Int32Array(buffer),
  view: new DataView(buffer),
  buffer: Buffer.from(buffer),
};

// The engine takes the address space for memory in use, so it is about to look for garbage: sooner is cheaper, as there is less.
edenGC();

let used = pageBytes;
const free = new Map<number, number[]>();

/** The address of the byte at `offset` of the arena. */
export function addressOf(offset: number): number {
  return base + offset;
}

/** How much of the arena's address space was ever allocated, in bytes. */
export function arenaBytesUsed(): number {
  return used;
}

/**
 * Allocates zeroed, page-aligned memory and gives its offset, which is never 0; undefined when the arena is exhausted. The
 * caller owns it until releaseMemory(). Rounds up to whole pages.
 */
export function allocateMemory(bytes: number): number | undefined {
  const size = roundUpToPage(bytes);
  const reused = free.get(size)?.pop();
  if (reused !== undefined) return reused;
  if (used + size > arenaBytes) return undefined;
  const offset = used;
  allowReadAndWrite(base + offset, size);
  used += size;
  return offset;
}

/**
 * Gives back what allocateMemory(bytes) gave. The caller has already emptied it (see mappings.ts). Throws when it was given back
 * before: two owners of the same memory would be the next thing.
 */
export function recycleMemory(offset: number, bytes: number): void {
  const size = roundUpToPage(bytes);
  const list = free.get(size);
  if (list === undefined) free.set(size, [offset]);
  else if (list.includes(offset)) throw new RangeError(`memory at ${offset} was given back twice`);
  else list.push(offset);
}

/** Alignment of what is allocated for good: a cache line. */
const staticAlignment = 64;
const staticBytesMax = 1 << 19;
const staticMemory = allocateMemory(staticBytesMax);
let staticUsed = 0;

/** Allocates zeroed memory for good, at start, and gives its offset. Throws when there is no more of it. */
export function allocateStaticMemory(bytes: number): number {
  const at = staticUsed;
  if (staticMemory === undefined || at + bytes > staticBytesMax) {
    throw new RangeError(`cannot allocate ${bytes} bytes for good: at most ${staticBytesMax} in all`);
  }
  staticUsed = Math.ceil((at + bytes) / staticAlignment) * staticAlignment;
  return staticMemory + at;
}

function roundUpToPage(bytes: number): number {
  return Math.ceil(bytes / pageBytes) * pageBytes;
}
