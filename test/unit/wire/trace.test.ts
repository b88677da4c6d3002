import { describe, expect, test } from "bun:test";
import { type ByteString, byteStringOf } from "../../../ffi/byte-string.ts";
import type { FdId } from "../../../src/wire/integers.ts";
import { traceCharactersMax } from "../../../src/wire/limits.ts";
import { messages } from "../../../src/wire/messages.ts";
import { statx } from "../../../src/wire/statx.ts";
import { traceReply, traceRequest } from "../../../src/wire/trace.ts";
import { memoryFilled } from "./memory-of.ts";
import { messageVectors } from "./vectors.ts";

const fd = 7 as FdId;
const unprintable = /[^\x20-\x7e…]/;

describe("traceRequest()", () => {
  test("shows fields by name, modes in octal and flags in hexadecimal", () => {
    const request = { dirFd: fd, uid: 1000, gid: 100, mode: 0o644, flags: 0x1002, name: byteStringOf("file") };
    expect(traceRequest(messages.openCreateAt, request)).toBe(
      'openCreateAt(dirFd=7 uid=1000 gid=100 mode=0o644 flags=0x1002 name="file")',
    );
  });

  test("escapes what would break a log line or a terminal", () => {
    const name = '\n\x1b[2J\xff"\\' as ByteString;
    expect(traceRequest(messages.fRemoveXattr, { fd, name })).toBe(
      'fRemoveXattr(fd=7 name="\\x0a\\x1b[2J\\xff\\"\\\\")',
    );
  });

  test("shows contents by their length only", () => {
    const value = Uint8Array.from([1, 2, 3]);
    expect(traceRequest(messages.fSetXattr, { fd, flags: 0, name: byteStringOf("user.a"), value })).toBe(
      'fSetXattr(fd=7 flags=0x0 name="user.a" value=<3 bytes>)',
    );
    expect(traceRequest(messages.pWrite, { offset: 2n ** 63n, fd, data: { at: 5, length: 4096 } })).toBe(
      "pWrite(offset=9223372036854775808 fd=7 data=<4096 bytes>)",
    );
  });

  test("cuts long strings and long lists, and says how long they are", () => {
    const name = "n".repeat(300) as ByteString;
    expect(traceRequest(messages.fRemoveXattr, { fd, name })).toBe(
      `fRemoveXattr(fd=7 name="${"n".repeat(80)}"… (300 bytes))`,
    );
    expect(traceRequest(messages.close, { fds: new Array(100).fill(fd) })).toBe(
      "close(fds=[7 7 7 7 7 7 7 7 and 92 more])",
    );
  });

  test("ends the line at the limit", () => {
    const path = new Array(8).fill("\xff".repeat(80) as ByteString);
    const line = traceRequest(messages.walk, { dirFd: fd, path });
    expect(line).toHaveLength(traceCharactersMax);
    expect(line.endsWith("…")).toBe(true);
  });

  test("shows a request without fields", () => {
    expect(traceRequest(messages.mount, {})).toBe("mount()");
  });
});

describe("traceReply()", () => {
  test("shows of a Statx what tells files apart", () => {
    const stat = { ...statx.read(memoryFilled(144, 0), 0), mode: 0o100755, ino: 12, size: 5, nlink: 1 };
    const essence = "mode=0o100755 uid=0 gid=0 ino=12 size=5 nlink=1";
    expect(traceReply(messages.fStat, stat)).toBe(`fStat -> ${essence}`);
    expect(traceReply(messages.mkdirAt, { child: { controlFd: fd, stat } })).toBe(
      `mkdirAt -> child={controlFd=7 stat={${essence}}}`,
    );
  });

  test("shows a body in place by its length", () => {
    expect(traceReply(messages.pRead, { placed: 4096 })).toBe("pRead -> placed=4096");
  });

  test("shows a reply that says nothing", () => {
    expect(traceReply(messages.close, undefined)).toBe("close ->");
  });
});

test("the line of every vector is printable, and no longer than the limit", () => {
  for (const { message, direction, bytes, codec, title } of messageVectors) {
    const value = codec.decode({ memory: { u8: bytes, view: new DataView(bytes.buffer) }, at: 0, end: bytes.length });
    const definition = messages[message];
    const line = direction === "request" ? traceRequest(definition, value) : traceReply(definition, value);
    expect(line.length, title).toBeLessThanOrEqual(traceCharactersMax);
    expect(unprintable.test(line), line).toBe(false);
    expect(line.startsWith(message), title).toBe(true);
  }
});
