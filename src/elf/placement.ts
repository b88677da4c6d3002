import * as elf from "./elf64.ts";
import type { StaticExecutable } from "./executable.ts";
import type { FileRange } from "./file-ranges.ts";
import { type Room, roomAtEnd, roomInPadding } from "./room.ts";

/**
 * padding: the stub stands in unused bytes after the code, and the file keeps its length and its notes.
 * segment: it stands behind the old end of the file, in a segment that takes the place of a note in the header table.
 */
export type AdoptionMethod = "padding" | "segment";

/** How the kernel is made to load a block of code that the linker knew nothing about. */
export interface Placement {
  /** The part of the program header table that `coverBlock` changes; undefined when this way is closed. */
  readonly changedHeaders: (executable: StaticExecutable) => FileRange | undefined;
  readonly findRoom: typeof roomInPadding;
  /** Changes the program headers in `file`, so that the block at `room` is loaded as code. */
  readonly coverBlock: (file: DataView, executable: StaticExecutable, room: Room, blockBytes: number) => void;
}

export const placements: Readonly<Record<AdoptionMethod, Placement>> = {
  padding: { changedHeaders: sizesOfText, findRoom: roomInPadding, coverBlock: growText },
  segment: { changedHeaders: wholeTable, findRoom: roomAtEnd, coverBlock: replaceNote },
};

function sizesOfText(executable: StaticExecutable): FileRange {
  const header = headerOffset(executable, executable.text.index);
  return { start: header + elf.programHeader.fileSize, end: header + elf.programHeader.alignment };
}

function growText(file: DataView, executable: StaticExecutable, room: Room, blockBytes: number): void {
  const header = headerOffset(executable, executable.text.index);
  const size = BigInt(room.offset + blockBytes - executable.text.offset);
  file.setBigUint64(header + elf.programHeader.fileSize, size, true);
  file.setBigUint64(header + elf.programHeader.memorySize, size, true);
}

function wholeTable(executable: StaticExecutable): FileRange | undefined {
  if (noteIndex(executable) === -1) {
    return undefined;
  }
  return { start: headerOffset(executable, 0), end: headerOffset(executable, executable.programHeaders.length) };
}

/** The new segment has the highest address, and loadable segments stand by rising address, so it goes behind the last. */
function replaceNote(file: DataView, executable: StaticExecutable, room: Room, blockBytes: number): void {
  const table = new Uint8Array(file.buffer, file.byteOffset + executable.programHeaderOffset);
  const headers = executable.programHeaders.map(({ index, type }) => ({
    type,
    bytes: table.slice(index * elf.programHeader.bytes, (index + 1) * elf.programHeader.bytes),
  }));
  headers.splice(noteIndex(executable), 1);
  const last = headers.findLastIndex(({ type }) => type === elf.segmentLoad);
  const bytes = encodeSegment(room, blockBytes, elf.pageBytesMax[executable.machine]);
  headers.splice(last + 1, 0, { type: elf.segmentLoad, bytes });
  for (const [index, header] of headers.entries()) {
    table.set(header.bytes, index * elf.programHeader.bytes);
  }
}

function encodeSegment({ offset, address }: Room, length: number, alignment: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(elf.programHeader.bytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(elf.programHeader.type, elf.segmentLoad, true);
  view.setUint32(elf.programHeader.flags, elf.flagReadable | elf.flagExecutable, true);
  view.setBigUint64(elf.programHeader.offset, BigInt(offset), true);
  view.setBigUint64(elf.programHeader.address, BigInt(address), true);
  view.setBigUint64(elf.programHeader.physicalAddress, BigInt(address), true);
  view.setBigUint64(elf.programHeader.fileSize, BigInt(length), true);
  view.setBigUint64(elf.programHeader.memorySize, BigInt(length), true);
  view.setBigUint64(elf.programHeader.alignment, BigInt(alignment), true);
  return bytes;
}

function noteIndex({ programHeaders }: StaticExecutable): number {
  return programHeaders.findIndex(({ type }) => type === elf.segmentNote);
}

function headerOffset({ programHeaderOffset }: StaticExecutable, index: number): number {
  return programHeaderOffset + index * elf.programHeader.bytes;
}
