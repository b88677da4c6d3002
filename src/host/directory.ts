import { allocateStaticMemory, memory } from "../../ffi/arena.ts";
import { Errno, Failure, type Result } from "../../ffi/errno.ts";
import { readDirectoryInto, rewind as rewindDirectory, statEntryInto, statxScratch } from "../../ffi/files.ts";
import type { HostFd } from "../../ffi/host-fd.ts";
import { direntLayout, statxLayout } from "../../ffi/structs.ts";
import type { DirentSource, DirentWriter } from "../wire/dirent.ts";
import { readU64 } from "../wire/integers.ts";

const bufferBytes = 65536;

/** The largest record: a name of 255 bytes. A smaller buffer may be refused with EINVAL. Source: getdents64(2). */
const recordBytesMax = 280;

/**
 * Most bytes of records for one reply, whatever the client asks for (gVisor's asks for 64 KiB): each entry is looked at, and meanwhile
 * nobody else is served. An entry takes up to a third more on the wire than its record does (31 bytes for 24), and a reply
 * counts its entries in 16 bits: records of 24 bytes or more stay far within both.
 */
const replyRecordBytesMax = 512 * 1024;

const buffer = allocateStaticMemory(bufferBytes);

/** The entry at hand. One for all: a large directory would leave a hundred thousand behind. */
const entry: { -readonly [Field in keyof DirentSource]: DirentSource[Field] } = {
  ino: 0,
  devMinor: 0,
  devMajor: 0,
  offLow: 0,
  offHigh: 0,
  type: 0,
  nameAt: 0,
  nameBytes: 0,
};

/** Appends entries worth up to `count` bytes of kernel records, leaving out `.` and `..`; too small a count gives none. */
export function readDirectory(directory: HostFd, writer: DirentWriter, count: number, rewind: boolean): Result<void> {
  if (rewind) {
    const rewound = rewindDirectory(directory);
    if (rewound !== undefined) return rewound;
  }
  const wanted = Math.min(count, replyRecordBytesMax);
  let taken = 0;
  while (taken < wanted) {
    const room = Math.min(wanted - taken, bufferBytes);
    const filled = readDirectoryInto(directory, buffer, room);
    if (filled instanceof Failure) {
      if (filled.errno === Errno.EINVAL && room < recordBytesMax) break;
      return filled;
    }
    if (filled === 0) break;
    taken += appendRecords(directory, writer, buffer + filled);
  }
  return undefined;
}

/** Appends the records up to `end` and gives the bytes of those that went out. */
function appendRecords(directory: HostFd, writer: DirentWriter, end: number): number {
  const { view } = memory;
  let taken = 0;
  for (let record = buffer; record < end; ) {
    const recordBytes = view.getUint16(record + direntLayout.recordBytes, true);
    const nameAt = record + direntLayout.bytes;
    const nameBytes = memory.u8.indexOf(0, nameAt) - nameAt;
    // An entry that cannot be looked at has just gone.
    if (!isDotOrDotDot(nameAt, nameBytes) && statEntryInto(directory, nameAt, statxScratch) === undefined) {
      entry.ino = readU64(memory, record + direntLayout.ino);
      // An entry may be a mount point, so each has a device of its own.
      entry.devMinor = view.getUint32(statxScratch + statxLayout.devMinor, true);
      entry.devMajor = view.getUint32(statxScratch + statxLayout.devMajor, true);
      entry.offLow = view.getUint32(record + direntLayout.off, true);
      entry.offHigh = view.getUint32(record + direntLayout.off + 4, true);
      entry.type = view.getUint8(record + direntLayout.type);
      entry.nameAt = nameAt;
      entry.nameBytes = nameBytes;
      if (!writer.append(entry)) throw new RangeError("more directory entries than a reply holds");
      taken += recordBytes;
    }
    record += recordBytes;
  }
  return taken;
}

function isDotOrDotDot(nameAt: number, nameBytes: number): boolean {
  const { u8 } = memory;
  const dot = 0x2e;
  return u8[nameAt] === dot && (nameBytes === 1 || (nameBytes === 2 && u8[nameAt + 1] === dot));
}
