import { ByteReader } from "./byte-reader.ts";

/** Bytes of the original that the adopted copy has changed. */
export interface SavedBytes {
  /** In the file. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** What an adopted executable carries to be recognised and undone. */
export interface AdoptionRecord {
  /** SHA-256 of the original file, 32 bytes. */
  readonly originalDigest: Uint8Array;
  /** Length of the original file in bytes. */
  readonly originalBytes: number;
  readonly goferPath: string;
  readonly saved: readonly SavedBytes[];
}

/** A record with the place of its block in the file. */
export interface LocatedRecord extends AdoptionRecord {
  readonly blockOffset: number;
  readonly blockBytes: number;
}

/**
 * Fields of the header that stands right before the stub, so that the entry of an adopted program leads to it. The
 * block is this header, the stub, and the saved bytes, each as offset, length, bytes. Offsets count from the block.
 */
const header = {
  magic: 0,
  originalDigest: 16,
  originalBytes: 48,
  blockBytes: 56,
  goferPathOffset: 60,
  savedOffset: 64,
  savedCount: 68,
} as const;

export const recordHeaderBytes = 72;

/** The last digit is the format's version. */
const magic = new TextEncoder().encode("bun-gofer adopt1");

const digestBytes = 32;
const savedHeaderBytes = 12;

/** Length of the block around a stub of `stubBytes`. */
export function blockLength(stubBytes: number, saved: readonly SavedBytes[]): number {
  const savedBytes = saved.reduce((sum, { bytes }) => sum + savedHeaderBytes + bytes.length, 0);
  return recordHeaderBytes + stubBytes + savedBytes;
}

/** The block to put into the file. `goferPathInStub` is the offset of the NUL-terminated path within `stub`. */
export function encodeBlock(
  record: Omit<AdoptionRecord, "goferPath">,
  stub: Uint8Array,
  goferPathInStub: number,
): Uint8Array {
  const block = new Uint8Array(blockLength(stub.length, record.saved));
  const view = new DataView(block.buffer);
  const savedOffset = recordHeaderBytes + stub.length;
  block.set(magic, header.magic);
  block.set(record.originalDigest, header.originalDigest);
  view.setBigUint64(header.originalBytes, BigInt(record.originalBytes), true);
  view.setUint32(header.blockBytes, block.length, true);
  view.setUint32(header.goferPathOffset, recordHeaderBytes + goferPathInStub, true);
  view.setUint32(header.savedOffset, savedOffset, true);
  view.setUint32(header.savedCount, record.saved.length, true);
  block.set(stub, recordHeaderBytes);
  let at = savedOffset;
  for (const { offset, bytes } of record.saved) {
    view.setBigUint64(at, BigInt(offset), true);
    view.setUint32(at + 8, bytes.length, true);
    block.set(bytes, at + savedHeaderBytes);
    at += savedHeaderBytes + bytes.length;
  }
  return block;
}

/** Whether the stub at `stubOffset` of the file is ours. */
export function hasRecord(bytes: Uint8Array, stubOffset: number): boolean {
  const found = new ByteReader(bytes).bytes(stubOffset - recordHeaderBytes, magic.length);
  return found !== undefined && magic.every((byte, index) => found[index] === byte);
}

/** The record of the stub at `stubOffset`; undefined when it is damaged. Its saved bytes are views of `bytes`. */
export function decodeRecord(bytes: Uint8Array, stubOffset: number): LocatedRecord | undefined {
  const blockOffset = stubOffset - recordHeaderBytes;
  const blockBytes = new ByteReader(bytes).u32(blockOffset + header.blockBytes) ?? 0;
  const content = new ByteReader(bytes).bytes(blockOffset, blockBytes);
  if (content === undefined) {
    return undefined;
  }
  const block = new ByteReader(content);
  const originalDigest = block.bytes(header.originalDigest, digestBytes);
  const originalBytes = block.u64(header.originalBytes);
  const goferPath = readPath(content, block.u32(header.goferPathOffset));
  const saved = readSaved(block);
  if (originalDigest === undefined || originalBytes === undefined || originalBytes > bytes.length) {
    return undefined;
  }
  if (goferPath === undefined || saved === undefined || !saved.every((span) => endsWithin(span, originalBytes))) {
    return undefined;
  }
  return { originalDigest, originalBytes, goferPath, saved, blockOffset, blockBytes };
}

function readPath(block: Uint8Array, offset: number | undefined): string | undefined {
  const end = offset === undefined ? -1 : block.indexOf(0, offset);
  return end === -1 ? undefined : new TextDecoder().decode(block.subarray(offset, end));
}

function readSaved(block: ByteReader): SavedBytes[] | undefined {
  const saved: SavedBytes[] = [];
  const count = block.u32(header.savedCount) ?? 0;
  let at = block.u32(header.savedOffset) ?? 0;
  for (let index = 0; index < count; index++) {
    const offset = block.u64(at);
    const length = block.u32(at + 8);
    const bytes = length === undefined ? undefined : block.bytes(at + savedHeaderBytes, length);
    if (offset === undefined || bytes === undefined) {
      return undefined;
    }
    saved.push({ offset, bytes });
    at += savedHeaderBytes + bytes.length;
  }
  return saved;
}

function endsWithin({ offset, bytes }: SavedBytes, fileBytes: number): boolean {
  return offset + bytes.length <= fileBytes;
}
