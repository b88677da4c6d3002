import { allocateStaticMemory, memory } from "./arena.ts";
import type { ByteString } from "./byte-string.ts";
import { Failure, type Result } from "./errno.ts";
import { readDirectoryInto, rewind } from "./files.ts";
import type { HostFd } from "./host-fd.ts";
import { direntLayout } from "./structs.ts";

const bufferBytes = 16384;
const buffer = allocateStaticMemory(bufferBytes);

/** The names in an open directory, which is borrowed, but `.` and `..`; leaves its position at the end. Source: getdents64(2). */
export function readNames(directory: HostFd): Result<ByteString[]> {
  const rewound = rewind(directory);
  if (rewound instanceof Failure) return rewound;
  const names: ByteString[] = [];
  for (;;) {
    const filled = readDirectoryInto(directory, buffer, bufferBytes);
    if (filled instanceof Failure) return filled;
    if (filled === 0) return names;
    appendNames(names, buffer + filled);
  }
}

function appendNames(names: ByteString[], end: number): void {
  for (let record = buffer; record < end; ) {
    const nameAt = record + direntLayout.bytes;
    const name = memory.buffer.toString("latin1", nameAt, memory.u8.indexOf(0, nameAt)) as ByteString;
    if (name !== "." && name !== "..") names.push(name);
    record += memory.view.getUint16(record + direntLayout.recordBytes, true);
  }
}
