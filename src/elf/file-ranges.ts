import { ByteReader } from "./byte-reader.ts";
import * as elf from "./elf64.ts";
import type { StaticExecutable } from "./executable.ts";

/** Bytes of a file from `start` up to, not including, `end`. */
export interface FileRange {
  readonly start: number;
  readonly end: number;
}

/** Every range of the file that a header claims; undefined when the section headers cannot be read. */
export function claimedRanges(bytes: Uint8Array, executable: StaticExecutable): FileRange[] | undefined {
  const tableBytes = executable.programHeaders.length * elf.programHeader.bytes;
  const sections = sectionRanges(new ByteReader(bytes));
  if (sections === undefined) {
    return undefined;
  }
  return [
    range(0, elf.fileHeader.bytes),
    range(executable.programHeaderOffset, tableBytes),
    ...executable.programHeaders.map(({ offset, fileSize }) => range(offset, fileSize)),
    ...sections,
  ];
}

function sectionRanges(file: ByteReader): FileRange[] | undefined {
  const table = file.u64(elf.fileHeader.sectionHeaderOffset);
  const count = file.u16(elf.fileHeader.sectionHeaderCount);
  if (table === 0) {
    return [];
  }
  // A count of 0 with a table means that the true count stands in the first section.
  if (table === undefined || count === undefined || count === 0) {
    return undefined;
  }
  if (file.u16(elf.fileHeader.sectionHeaderSize) !== elf.sectionHeader.bytes) {
    return undefined;
  }
  const ranges = [range(table, count * elf.sectionHeader.bytes)];
  for (let index = 0; index < count; index++) {
    const section = sectionRange(file, table + index * elf.sectionHeader.bytes);
    if (section === undefined) {
      return undefined;
    }
    ranges.push(section);
  }
  return ranges;
}

function sectionRange(file: ByteReader, at: number): FileRange | undefined {
  const type = file.u32(at + elf.sectionHeader.type);
  const offset = file.u64(at + elf.sectionHeader.offset);
  const size = file.u64(at + elf.sectionHeader.size);
  if (type === undefined || offset === undefined || size === undefined) {
    return undefined;
  }
  const isInFile = type !== elf.sectionNull && type !== elf.sectionNoBits;
  return range(offset, isInFile ? size : 0);
}

function range(start: number, length: number): FileRange {
  return { start, end: start + length };
}
