import * as elf from "./elf64.ts";
import type { ProgramHeader, StaticExecutable } from "./executable.ts";
import { claimedRanges } from "./file-ranges.ts";

/** Where a block goes: in the file, and in the memory of the program. */
export interface Room {
  readonly offset: number;
  readonly address: number;
}

const blockAlignment = 16;

/**
 * Room in the zeros that the linker left after the text segment, so that the next one starts on a page: nothing moves
 * and the file keeps its length. Undefined when fewer than `blockBytes` are certainly unused.
 */
export function roomInPadding(bytes: Uint8Array, executable: StaticExecutable, blockBytes: number): Room | undefined {
  const { text } = executable;
  const claimed = claimedRanges(bytes, executable);
  if (claimed === undefined || text.fileSize !== text.memorySize) {
    return undefined;
  }
  const textEnd = text.offset + text.fileSize;
  const offset = elf.roundUp(textEnd, blockAlignment);
  const limits = [
    bytes.length,
    elf.roundUp(textEnd, Math.max(text.alignment, elf.pageBytesMin)),
    ...claimed.filter(({ start, end }) => end > textEnd && end > start).map(({ start }) => Math.max(start, textEnd)),
    ...executable.segments.filter((segment) => segment.address > text.address).map((next) => firstPage(next, text)),
  ];
  if (offset + blockBytes > Math.min(...limits)) {
    return undefined;
  }
  const padding = bytes.subarray(textEnd, offset + blockBytes);
  return padding.every((byte) => byte === 0) ? { offset, address: text.address + offset - text.offset } : undefined;
}

/** Where, counted as an offset of the file within `text`, the first page of a later segment begins. */
function firstPage(next: ProgramHeader, text: ProgramHeader): number {
  return text.offset + elf.roundDown(next.address, Math.max(next.alignment, elf.pageBytesMin)) - text.address;
}

/** Room for a segment of its own: behind the end of the file and above all other segments. */
export function roomAtEnd(bytes: Uint8Array, executable: StaticExecutable, blockBytes: number): Room | undefined {
  const pageBytes = elf.pageBytesMax[executable.machine];
  const last = executable.segments.at(-1);
  if (last === undefined) {
    return undefined;
  }
  const address = elf.roundUp(last.address + last.memorySize, pageBytes);
  return address + blockBytes <= elf.userAddressMax
    ? { offset: elf.roundUp(bytes.length, pageBytes), address }
    : undefined;
}
