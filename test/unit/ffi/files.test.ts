import { describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { allocateStaticMemory, memory } from "../../../ffi/arena.ts";
import { byteStringOf } from "../../../ffi/byte-string.ts";
import { Errno, fail } from "../../../ffi/errno.ts";
import {
  openAt,
  openWithoutSymlinks,
  readInto,
  readLinkAt,
  setNonblocking,
  statInto,
  statxScratch,
  truncate,
  writeFrom,
} from "../../../ffi/files.ts";
import { OwnedFd, workingDirectory } from "../../../ffi/host-fd.ts";
import { F_GETFL, O_CLOEXEC, O_CREAT, O_DIRECTORY, O_NONBLOCK, O_PATH, O_RDONLY, O_RDWR } from "../../../ffi/linux.ts";
import { syscalls } from "../../../ffi/syscalls.ts";
import { readU64 } from "../../../src/wire/integers.ts";
import { must } from "../support/results.ts";
import { TemporaryDirectory } from "../support/temporary-directory.ts";

const at = allocateStaticMemory(64);

/** tmpfs takes offsets up to 2^63 − 1. */
const sharedMemoryDirectory = "/dev/shm";

/** More than a JavaScript number can tell apart. */
const beyondSafe = 2n ** 53n + 1n;

function openNew(directory: TemporaryDirectory): OwnedFd {
  return new OwnedFd(
    must(openAt(workingDirectory, byteStringOf(directory.join("file")), O_RDWR | O_CREAT | O_CLOEXEC, 0o600)),
  );
}

describe("64-bit offsets", () => {
  test("reach the kernel exactly beyond 2^53", () => {
    using directory = new TemporaryDirectory(sharedMemoryDirectory);
    using file = openNew(directory);
    memory.buffer.write("ab", at, "latin1");
    expect(writeFrom(file.borrow(), at, 1, beyondSafe)).toBe(1);
    expect(writeFrom(file.borrow(), at + 1, 1, beyondSafe + 1n)).toBe(1);
    memory.u8.fill(0, at, at + 2);
    expect(readInto(file.borrow(), at, 2, beyondSafe)).toBe(2);
    expect(memory.buffer.toString("latin1", at, at + 2)).toBe("ab");
    must(statInto(file.borrow(), statxScratch));
    const sizeOffset = 40;
    expect(readU64(memory, statxScratch + sizeOffset)).toBe(beyondSafe + 2n);
    expect(syscalls.lseek(file.borrow(), -1, 2)).toBe(beyondSafe + 1n);
  });

  test("are taken as numbers where they fit, as bigints where they do not", () => {
    using directory = new TemporaryDirectory(sharedMemoryDirectory);
    using file = openNew(directory);
    expect(truncate(file.borrow(), 2 ** 40)).toBeUndefined();
    expect(syscalls.lseek(file.borrow(), 0, 2)).toBe(2 ** 40);
    expect(truncate(file.borrow(), 2n ** 60n + 1n)).toBeUndefined();
    expect(syscalls.lseek(file.borrow(), 0, 2)).toBe(2n ** 60n + 1n);
  });

  test("of 2^63 and more are negative to the kernel: EINVAL", () => {
    using directory = new TemporaryDirectory(sharedMemoryDirectory);
    using file = openNew(directory);
    for (const offset of [2n ** 63n, 2n ** 64n - 1n]) {
      expect(readInto(file.borrow(), at, 1, offset)).toBe(fail(Errno.EINVAL));
      expect(writeFrom(file.borrow(), at, 1, offset)).toBe(fail(Errno.EINVAL));
      expect(truncate(file.borrow(), offset)).toBe(fail(Errno.EINVAL));
    }
  });
});

describe("openWithoutSymlinks()", () => {
  test("stops at a symlink in any place of the path", () => {
    using directory = new TemporaryDirectory();
    mkdirSync(directory.join("a/b"), { recursive: true });
    symlinkSync("a", directory.join("link"));
    symlinkSync("b", directory.join("a/last"));
    const open = (path: string) =>
      openWithoutSymlinks(workingDirectory, byteStringOf(directory.join(path)), O_PATH | O_DIRECTORY | O_CLOEXEC);
    expect(open("link/b")).toBe(fail(Errno.ELOOP));
    expect(open("a/last")).toBe(fail(Errno.ELOOP));
    using opened = new OwnedFd(must(open("a/b")));
    expect(opened.borrow()).toBeGreaterThan(2);
  });
});

describe("readLinkAt()", () => {
  test("gives the target, and EINVAL for what is no link", () => {
    using directory = new TemporaryDirectory();
    symlinkSync("somewhere/else", directory.join("link"));
    expect(readLinkAt(workingDirectory, byteStringOf(directory.join("link")))).toBe(byteStringOf("somewhere/else"));
    expect(readLinkAt(workingDirectory, byteStringOf(directory.path))).toBe(fail(Errno.EINVAL));
  });
});

describe("setNonblocking()", () => {
  test("changes the open file, and is refused where only a position is open", () => {
    using directory = new TemporaryDirectory();
    writeFileSync(directory.join("file"), "");
    const path = byteStringOf(directory.join("file"));
    using file = new OwnedFd(must(openAt(workingDirectory, path, O_RDONLY | O_CLOEXEC)));
    expect(setNonblocking(file.borrow())).toBeUndefined();
    expect(syscalls.fcntl(file.borrow(), F_GETFL, 0) & O_NONBLOCK).toBe(O_NONBLOCK);
    using position = new OwnedFd(must(openAt(workingDirectory, path, O_PATH | O_CLOEXEC)));
    expect(setNonblocking(position.borrow())).toBe(fail(Errno.EBADF));
  });
});
