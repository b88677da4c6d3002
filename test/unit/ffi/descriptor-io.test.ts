import { describe, expect, test } from "bun:test";
import { openSync, readFileSync, writeFileSync } from "node:fs";
import { readOneByte, readWholeFile, writeAll, writeAllBytes } from "../../../ffi/descriptor-io.ts";
import { Errno, fail } from "../../../ffi/errno.ts";
import { setNonblocking } from "../../../ffi/files.ts";
import { assumeOpen, OwnedFd, takeAndClose } from "../../../ffi/host-fd.ts";
import { SOCK_STREAM } from "../../../ffi/linux.ts";
import { createSocketPair } from "../../../ffi/sockets.ts";
import { must } from "../support/results.ts";
import { TemporaryDirectory } from "../support/temporary-directory.ts";

/** More than is read or written at a time, and no multiple of that. */
const longText = "ü0123456789".repeat(20_000);

function opened(path: string, flags: string): OwnedFd {
  return new OwnedFd(assumeOpen(openSync(path, flags)));
}

describe("writeAll()", () => {
  test("writes a text of any length as UTF-8", () => {
    using directory = new TemporaryDirectory();
    using file = opened(directory.join("file"), "w");
    expect(writeAll(file.borrow(), longText)).toBe(true);
    expect(readFileSync(directory.join("file"), "utf8")).toBe(longText);
  });

  test("says when it could not", () => {
    using reader = opened("/dev/null", "r");
    expect(writeAll(reader.borrow(), "text")).toBe(false);
    expect(writeAllBytes(reader.borrow(), Buffer.from("text"))).toBe(fail(Errno.EBADF));
  });

  test("gives up on a descriptor that takes no more", () => {
    const [ours, theirs] = must(createSocketPair(SOCK_STREAM));
    using writer = new OwnedFd(ours);
    using _reader = new OwnedFd(theirs);
    must(setNonblocking(writer.borrow()));
    expect(writeAll(writer.borrow(), longText.repeat(20))).toBe(false);
  });
});

describe("readWholeFile()", () => {
  test("reads all of a file, wherever its position is, and leaves that", () => {
    using directory = new TemporaryDirectory();
    writeFileSync(directory.join("file"), longText);
    using file = opened(directory.join("file"), "r");
    expect(readOneByte(file.borrow())).toBe(1);
    expect(must(readWholeFile(file.borrow())).toString("utf8")).toBe(longText);
    expect(must(readWholeFile(file.borrow())).toString("utf8")).toBe(longText);
  });

  test("fails on a directory", () => {
    using directory = opened("/", "r");
    expect(readWholeFile(directory.borrow())).toBe(fail(Errno.EISDIR));
  });
});

describe("readOneByte()", () => {
  test("tells a byte from the end of the stream", () => {
    const [ours, theirs] = must(createSocketPair(SOCK_STREAM));
    using reader = new OwnedFd(ours);
    writeAll(theirs, "x");
    takeAndClose(theirs);
    expect(readOneByte(reader.borrow())).toBe(1);
    expect(readOneByte(reader.borrow())).toBe(0);
  });
});
