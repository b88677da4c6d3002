import { describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { byteStringOf } from "../../../ffi/byte-string.ts";
import { isDirectory, makeDirectories, makeFile } from "../../../src/gofer/paths.ts";
import { TemporaryDirectory } from "../elf/support/temporary-directory.ts";

const bytes = byteStringOf;

describe("makeDirectories()", () => {
  test("makes what is missing and leaves the rest", () => {
    using temporary = new TemporaryDirectory();
    mkdirSync(temporary.at("a"), { mode: 0o700 });
    expect(makeDirectories(bytes(temporary.at("a/b/c")), 0o755)).toBeUndefined();
    expect(makeDirectories(bytes(temporary.at("a/b/c")), 0o755)).toBeUndefined();
    expect(statSync(temporary.at("a")).mode & 0o777).toBe(0o700);
    expect(statSync(temporary.at("a/b/c")).isDirectory()).toBe(true);
  });

  test("fails where a file is in the way", () => {
    using temporary = new TemporaryDirectory();
    writeFileSync(temporary.at("file"), "");
    expect(String(makeDirectories(bytes(temporary.at("file")), 0o755))).toBe("ENOTDIR");
    expect(String(makeDirectories(bytes(temporary.at("file/below")), 0o755))).toBe("ENOTDIR");
  });
});

describe("makeFile()", () => {
  test("makes an empty file and leaves one that is there", () => {
    using temporary = new TemporaryDirectory();
    const file = temporary.at("file");
    expect(makeFile(bytes(file), 0o644)).toBeUndefined();
    writeFileSync(file, "content");
    expect(makeFile(bytes(file), 0o644)).toBeUndefined();
    expect(readFileSync(file, "utf8")).toBe("content");
  });

  test("takes a FIFO for a file without waiting for its other end", () => {
    using temporary = new TemporaryDirectory();
    const fifo = temporary.at("fifo");
    expect(Bun.spawnSync(["mkfifo", fifo]).success).toBe(true);
    expect(makeFile(bytes(fifo), 0o644)).toBeUndefined();
  });

  test("fails without a directory to make it in", () => {
    using temporary = new TemporaryDirectory();
    expect(String(makeFile(bytes(temporary.at("missing/file")), 0o644))).toBe("ENOENT");
  });
});

test("isDirectory() follows links and fails where there is nothing", () => {
  using temporary = new TemporaryDirectory();
  writeFileSync(temporary.at("file"), "");
  symlinkSync(".", temporary.at("link"));
  expect(isDirectory(bytes(temporary.at("link")))).toBe(true);
  expect(isDirectory(bytes(temporary.at("file")))).toBe(false);
  expect(String(isDirectory(bytes(temporary.at("missing"))))).toBe("ENOENT");
});
