import { describe, expect, test } from "bun:test";
import { fstatSync } from "node:fs";
import { memory } from "../../../ffi/arena.ts";
import type { ByteString } from "../../../ffi/byte-string.ts";
import { Errno, fail } from "../../../ffi/errno.ts";
import { openAt, truncate } from "../../../ffi/files.ts";
import { OwnedFd, workingDirectory } from "../../../ffi/host-fd.ts";
import { F_ADD_SEALS, O_CLOEXEC, O_RDONLY } from "../../../ffi/linux.ts";
import { createSealedMemoryFile, mapShared, releaseMemory } from "../../../ffi/mappings.ts";
import { syscalls } from "../../../ffi/syscalls.ts";
import { openDescriptors } from "../support/host-server.ts";
import { must } from "../support/results.ts";

const fileBytes = 65536;

function memoryFile(): OwnedFd {
  return new OwnedFd(must(createSealedMemoryFile("test", fileBytes)));
}

describe("createSealedMemoryFile()", () => {
  test("makes a file of the size asked for", () => {
    using file = memoryFile();
    expect(fstatSync(file.borrow()).size).toBe(fileBytes);
  });

  test("makes a file that nobody can shrink, and whose seals nobody can change", () => {
    using file = memoryFile();
    expect(truncate(file.borrow(), fileBytes - 1)).toBe(fail(Errno.EPERM));
    const sealAgainstWriting = 8;
    expect(syscalls.fcntl(file.borrow(), F_ADD_SEALS, sealAgainstWriting)).toBe(-Errno.EPERM);
  });

  test("leaves no descriptor behind when the kernel refuses the size", () => {
    const before = openDescriptors();
    expect(createSealedMemoryFile("test", -1)).toBe(fail(Errno.EINVAL));
    expect(openDescriptors()).toEqual(before);
  });
});

describe("mapShared()", () => {
  test("shares the bytes from the offset on with every other mapping of them", () => {
    using file = memoryFile();
    const whole = must(mapShared(file.borrow(), 0, fileBytes));
    const half = must(mapShared(file.borrow(), fileBytes / 2, fileBytes / 2));
    memory.u8[half + 5] = 0x5a;
    expect(memory.u8[whole + fileBytes / 2 + 5]).toBe(0x5a);
    Atomics.store(memory.i32, (whole + fileBytes / 2) >> 2, 77);
    expect(Atomics.load(memory.i32, half >> 2)).toBe(77);
    releaseMemory(whole, fileBytes);
    releaseMemory(half, fileBytes / 2);
  });

  test("no longer shares what was released", () => {
    using file = memoryFile();
    const first = must(mapShared(file.borrow(), 0, fileBytes));
    memory.u8[first] = 1;
    releaseMemory(first, fileBytes);
    expect(memory.u8[first]).toBe(0);
    const again = must(mapShared(file.borrow(), 0, fileBytes));
    expect(memory.u8[again]).toBe(1);
    releaseMemory(again, fileBytes);
  });

  test("fails for a file that cannot be mapped for writing", () => {
    using file = new OwnedFd(must(openAt(workingDirectory, import.meta.path as ByteString, O_RDONLY | O_CLOEXEC)));
    expect(mapShared(file.borrow(), 0, 4096)).toBe(fail(Errno.EACCES));
  });
});
