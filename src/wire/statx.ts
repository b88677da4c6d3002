import type { Memory } from "../../ffi/memory.ts";
import { type FixedCodec, fixed } from "./codec.ts";
import { type I64, readI64, readU64, type U64, write64 } from "./integers.ts";

/** The attributes of a file. Times are in seconds and nanoseconds since 1970. Source: statx(2). */
export interface Statx {
  /** Which of the fields are filled in: STATX_ bits. */
  readonly mask: number;
  readonly blksize: number;
  readonly attributes: U64;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  /** Type and permissions, 16 bits. */
  readonly mode: number;
  readonly ino: U64;
  /** Bytes. */
  readonly size: U64;
  /** Units of 512 bytes. */
  readonly blocks: U64;
  readonly attributesMask: U64;
  readonly atimeSec: I64;
  readonly atimeNsec: number;
  readonly btimeSec: I64;
  readonly btimeNsec: number;
  readonly ctimeSec: I64;
  readonly ctimeNsec: number;
  readonly mtimeSec: I64;
  readonly mtimeNsec: number;
  readonly rdevMajor: number;
  readonly rdevMinor: number;
  readonly devMajor: number;
  readonly devMinor: number;
}

/**
 * The first 144 bytes of the kernel's struct statx, which are also its form on the wire. Written out by hand, because
 * nearly every message carries one: the generic struct() takes several times as long (bench/micro/codec.bench.ts).
 */
export const statx: FixedCodec<Statx> = fixed(144, readStatx, writeStatx);

function readStatx(memory: Memory, at: number): Statx {
  const { view } = memory;
  return {
    mask: view.getUint32(at, true),
    blksize: view.getUint32(at + 4, true),
    attributes: readU64(memory, at + 8),
    nlink: view.getUint32(at + 16, true),
    uid: view.getUint32(at + 20, true),
    gid: view.getUint32(at + 24, true),
    mode: view.getUint16(at + 28, true),
    ino: readU64(memory, at + 32),
    size: readU64(memory, at + 40),
    blocks: readU64(memory, at + 48),
    attributesMask: readU64(memory, at + 56),
    atimeSec: readI64(memory, at + 64),
    atimeNsec: view.getUint32(at + 72, true),
    btimeSec: readI64(memory, at + 80),
    btimeNsec: view.getUint32(at + 88, true),
    ctimeSec: readI64(memory, at + 96),
    ctimeNsec: view.getUint32(at + 104, true),
    mtimeSec: readI64(memory, at + 112),
    mtimeNsec: view.getUint32(at + 120, true),
    rdevMajor: view.getUint32(at + 128, true),
    rdevMinor: view.getUint32(at + 132, true),
    devMajor: view.getUint32(at + 136, true),
    devMinor: view.getUint32(at + 140, true),
  };
}

function writeStatx(memory: Memory, at: number, value: Statx): void {
  const { view } = memory;
  view.setUint32(at, value.mask, true);
  view.setUint32(at + 4, value.blksize, true);
  write64(memory, at + 8, value.attributes);
  view.setUint32(at + 16, value.nlink, true);
  view.setUint32(at + 20, value.uid, true);
  view.setUint32(at + 24, value.gid, true);
  view.setUint16(at + 28, value.mode, true);
  view.setUint16(at + 30, 0, true);
  write64(memory, at + 32, value.ino);
  write64(memory, at + 40, value.size);
  write64(memory, at + 48, value.blocks);
  write64(memory, at + 56, value.attributesMask);
  writeTimestamp(memory, at + 64, value.atimeSec, value.atimeNsec);
  writeTimestamp(memory, at + 80, value.btimeSec, value.btimeNsec);
  writeTimestamp(memory, at + 96, value.ctimeSec, value.ctimeNsec);
  writeTimestamp(memory, at + 112, value.mtimeSec, value.mtimeNsec);
  view.setUint32(at + 128, value.rdevMajor, true);
  view.setUint32(at + 132, value.rdevMinor, true);
  view.setUint32(at + 136, value.devMajor, true);
  view.setUint32(at + 140, value.devMinor, true);
}

function writeTimestamp(memory: Memory, at: number, seconds: I64, nanoseconds: number): void {
  write64(memory, at, seconds);
  memory.view.setUint32(at + 8, nanoseconds, true);
  memory.view.setUint32(at + 12, 0, true);
}
