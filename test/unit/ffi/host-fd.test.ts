import { describe, expect, test } from "bun:test";
import type { ByteString } from "../../../ffi/byte-string.ts";
import { Errno, Failure, fail } from "../../../ffi/errno.ts";
import { openAt } from "../../../ffi/files.ts";
import { assumeOpen, fdResultOf, type HostFd, OwnedFd, takeAndClose, workingDirectory } from "../../../ffi/host-fd.ts";
import { O_CLOEXEC, O_PATH } from "../../../ffi/linux.ts";
import { syscalls } from "../../../ffi/syscalls.ts";

function openedRoot(): HostFd {
  const opened = openAt(workingDirectory, "/" as ByteString, O_PATH | O_CLOEXEC);
  if (opened instanceof Failure) throw new Error(`/: ${opened}`);
  return opened;
}

function isOpen(fd: number): boolean {
  const getDescriptorFlags = 1;
  return syscalls.fcntl(fd, getDescriptorFlags, 0) >= 0;
}

describe("OwnedFd", () => {
  test("closes what it owns at the end of the scope", () => {
    const fd = openedRoot();
    {
      using owned = new OwnedFd(fd);
      expect(owned.borrow()).toBe(fd);
      expect(isOpen(fd)).toBe(true);
    }
    expect(isOpen(fd)).toBe(false);
  });

  test("leaves open what was released", () => {
    const fd = openedRoot();
    {
      using owned = new OwnedFd(fd);
      expect(owned.release()).toBe(fd);
    }
    expect(isOpen(fd)).toBe(true);
    takeAndClose(fd);
  });

  test("throws when a released descriptor is asked for", () => {
    using owned = new OwnedFd(openedRoot());
    takeAndClose(owned.release());
    expect(() => owned.borrow()).toThrow("released");
    expect(() => owned.release()).toThrow("released");
  });

  test("closes once, however often it is disposed of", () => {
    const owned = new OwnedFd(openedRoot());
    owned[Symbol.dispose]();
    const next = openedRoot();
    owned[Symbol.dispose]();
    expect(isOpen(next)).toBe(true);
    takeAndClose(next);
  });
});

describe("assumeOpen()", () => {
  test.each([-1, 1.5, Number.NaN])("throws at %p, which is no descriptor", (number) => {
    expect(() => assumeOpen(number)).toThrow("descriptor");
  });
});

describe("fdResultOf()", () => {
  test("tells descriptors, 0 among them, from failures", () => {
    expect(fdResultOf(0)).toBe(0 as HostFd);
    expect(fdResultOf(-Errno.EMFILE)).toBe(fail(Errno.EMFILE));
  });
});
