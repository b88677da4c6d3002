import { addressOf, allocateStaticMemory, memory } from "./arena.ts";
import { Errno, Failure, type Result, resultOf } from "./errno.ts";
import { readInto } from "./files.ts";
import type { HostFd } from "./host-fd.ts";
import { syscalls } from "./syscalls.ts";

/**
 * Whole texts and files from and to descriptors, which are borrowed, whatever the kernel does in one call. For a process's start and
 * its log: what serves requests reads and writes in place.
 */

const chunkBytes = 65536;
const chunk = allocateStaticMemory(chunkBytes);

/** How often a descriptor that cannot take more just now is tried again before the rest is given up. */
const attemptsMax = 1000;

/**
 * Writes all of `text`, as UTF-8. False when that could not be: a log that cannot be written must not stop what it tells of.
 * Source: write(2).
 */
export function writeAll(fd: number, text: string): boolean {
  return writeAllBytes(fd, Buffer.from(text)) === undefined;
}

/** Writes all of `bytes`. Errors: those of write(2). */
export function writeAllBytes(fd: number, bytes: Uint8Array): Result<void> {
  let attempts = 0;
  for (let written = 0; written < bytes.length; ) {
    const part = bytes.subarray(written, written + chunkBytes);
    memory.u8.set(part, chunk);
    const count = resultOf(syscalls.write(fd, addressOf(chunk), part.length));
    if (!(count instanceof Failure)) written += count;
    else if (count.errno === Errno.EAGAIN && attempts < attemptsMax) attempts++;
    else if (count.errno !== Errno.EINTR) return count;
  }
  return undefined;
}

/** Reads up to one byte and gives how many there were: 0 at the end of the stream. Waits for it. Errors: those of read(2). */
export function readOneByte(fd: HostFd): Result<number> {
  for (;;) {
    const count = resultOf(syscalls.read(fd, addressOf(chunk), 1));
    if (!(count instanceof Failure) || count.errno !== Errno.EINTR) return count;
  }
}

/** All of a file, from its start, read at positions of its own. Errors: those of pread(2). */
export function readWholeFile(fd: HostFd): Result<Buffer> {
  const chunks: Buffer[] = [];
  for (let position = 0; ; ) {
    const count = readInto(fd, chunk, chunkBytes, position);
    if (count instanceof Failure) return count;
    if (count === 0) return Buffer.concat(chunks);
    chunks.push(Buffer.from(memory.buffer.subarray(chunk, chunk + count)));
    position += count;
  }
}
