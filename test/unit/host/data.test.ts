import { describe, expect, test } from "bun:test";
import { readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { allocateMemory, memory } from "../../../ffi/arena.ts";
import { byteStringOf } from "../../../ffi/byte-string.ts";
import { releaseMemory } from "../../../ffi/mappings.ts";
import type { FdId, U64 } from "../../../src/wire/integers.ts";
import { payloadBytesMax, readBytesMax } from "../../../src/wire/limits.ts";
import { HostServer } from "../support/host-server.ts";
import { TemporaryDirectory } from "../support/temporary-directory.ts";

/** What a write's request has before its data. */
const writeHeadBytes = 8 + 8 + 4;
const writeBytesMax = payloadBytesMax - writeHeadBytes;

function read(server: HostServer, fd: FdId, count: number, offset: U64 = 0): string {
  const answer = server.client.call("pRead", { fd, count, offset });
  if (typeof answer === "string") return answer;
  const at = server.client.payloadAt + 8;
  return memory.buffer.toString("latin1", at, at + answer.reply.placed);
}

function write(server: HostServer, fd: FdId, bytes: Uint8Array | string, offset: U64 = 0): string | U64 {
  const data = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
  const at = allocateMemory(payloadBytesMax) ?? 0;
  memory.u8.set(data, at);
  const answer = server.client.call("pWrite", { fd, offset, data: { at, length: data.length } });
  releaseMemory(at, payloadBytesMax);
  return typeof answer === "string" ? answer : answer.reply.count;
}

/** A server with an open, empty file. */
function serverWithFile(content: string | Uint8Array = ""): { readonly server: HostServer; readonly fd: FdId } {
  const server = new HostServer();
  writeFileSync(server.path("file"), content);
  return { server, fd: server.open("file", 2) };
}

describe("pRead", () => {
  test("gives what is there, fewer bytes at the end only", () => {
    const { server, fd } = serverWithFile("0123456789");
    using _ = server;
    expect([read(server, fd, 4), read(server, fd, 4, 3), read(server, fd, 100, 8), read(server, fd, 1, 10)]).toEqual([
      "0123",
      "3456",
      "89",
      "",
    ]);
    expect([read(server, fd, 0), read(server, fd, 5, 2 ** 40)]).toEqual(["", ""]);
  });

  test("gives as much as fits into a reply", () => {
    const content = new Uint8Array(readBytesMax + 5).map((_, index) => index >> 8);
    const { server, fd } = serverWithFile(content);
    using _ = server;
    const whole = read(server, fd, readBytesMax);
    expect(Buffer.from(whole, "latin1").equals(content.subarray(0, readBytesMax))).toBe(true);
    expect(read(server, fd, readBytesMax + 1)).toBe("ENOBUFS");
  });

  test("of a directory is answered EISDIR", () => {
    using server = new HostServer();
    expect(read(server, server.open("", 0), 10)).toBe("EISDIR");
  });
});

describe("pWrite", () => {
  test("writes all of it where it is told to", () => {
    const { server, fd } = serverWithFile("0123456789");
    using _ = server;
    expect([write(server, fd, "AB", 2), write(server, fd, "end", 12), write(server, fd, "")]).toEqual([2, 3, 0]);
    expect(readFileSync(server.path("file"), "latin1")).toBe("01AB456789\0\0end");
  });

  test("takes as much as fits into a request", () => {
    const { server, fd } = serverWithFile();
    using _ = server;
    const content = new Uint8Array(writeBytesMax).map((_, index) => (index >> 8) ^ 0x55);
    expect(write(server, fd, content)).toBe(writeBytesMax);
    expect(readFileSync(server.path("file")).equals(content)).toBe(true);
  });
});

describe("offsets beyond 2^53", () => {
  test("are exact", () => {
    using directory = new TemporaryDirectory("/dev/shm");
    using server = new HostServer();
    writeFileSync(directory.join("file"), "");
    const other = server.connect(directory.path);
    const dirFd = server.mount(other);
    const { inodes } = other.expect("walk", { dirFd, path: [byteStringOf("file")] });
    const fd = other.expect("openAt", { fd: inodes[0]?.controlFd ?? dirFd, flags: 2 }).openFd;
    const offset = 2n ** 60n + 1n;
    const at = allocateMemory(2) ?? 0;
    memory.buffer.write("ab", at, "latin1");
    expect(other.expect("pWrite", { fd, offset, data: { at, length: 2 } })).toEqual({ count: 2 });
    expect(other.expect("fStat", { fd })).toMatchObject({ size: offset + 2n });
    expect(other.expect("pRead", { fd, offset: offset + 1n, count: 5 })).toEqual({ placed: 1 });
    expect(memory.u8[other.payloadAt + 8]).toBe("b".charCodeAt(0));
    releaseMemory(at, 2);
  });

  test.each([2n ** 63n, 2n ** 64n - 1n])("that are negative to the host, %p, are answered EINVAL", (offset) => {
    const { server, fd } = serverWithFile();
    using _ = server;
    expect([read(server, fd, 1, offset), write(server, fd, "x", offset)]).toEqual(["EINVAL", "EINVAL"]);
  });

  test("at the end of all are answered EFBIG to a write, and read nothing", () => {
    const { server, fd } = serverWithFile();
    using _ = server;
    expect(write(server, fd, "x", 2n ** 63n - 2n)).toBe("EFBIG");
    expect(read(server, fd, 1, 2n ** 63n - 2n)).toBe("");
  });
});

describe("fAllocate", () => {
  const keepSize = 1;
  const punchHole = 2;
  const allocate = (server: HostServer, fd: FdId, mode: U64, offset: U64, length: U64) =>
    server.client.callLater("fAllocate", { fd, mode, offset, length });

  test("makes room, and a file longer", async () => {
    const { server, fd } = serverWithFile("text");
    using _ = server;
    expect(await allocate(server, fd, 0, 0, 8192)).not.toBeString();
    const { size, blocks } = statSync(server.path("file"));
    expect([size, blocks >= 16]).toEqual([8192, true]);
  });

  test("serves other modes too", async () => {
    const { server, fd } = serverWithFile("x".repeat(8192));
    using _ = server;
    expect(await allocate(server, fd, keepSize, 0, 65536)).not.toBeString();
    expect(await allocate(server, fd, keepSize | punchHole, 0, 4096)).not.toBeString();
    expect(statSync(server.path("file")).size).toBe(8192);
    expect(read(server, fd, 2, 4095)).toBe("\0x");
  });

  test("is answered as the host answers", async () => {
    const { server, fd } = serverWithFile();
    using _ = server;
    expect([
      await allocate(server, fd, 0, 0, 0),
      await allocate(server, fd, 0, 2n ** 63n, 1),
      await allocate(server, fd, 0, 0, 2n ** 63n - 1n),
      await allocate(server, fd, punchHole, 0, 1),
      await allocate(server, fd, 0x40000000, 0, 1),
    ]).toEqual(["EINVAL", "EINVAL", "EFBIG", "EOPNOTSUPP", "EOPNOTSUPP"]);
  });

  test.each([2 ** 31, 2 ** 32, 2n ** 64n - 1n])(
    "is answered EOPNOTSUPP to mode %p, which no host knows",
    async (mode) => {
      const { server, fd } = serverWithFile();
      using _ = server;
      expect(await allocate(server, fd, mode, 0, 1)).toBe("EOPNOTSUPP");
    },
  );
});

describe("fSync", () => {
  test("syncs files and directories", async () => {
    const { server, fd } = serverWithFile("text");
    using _ = server;
    const directory = server.open("", 0);
    expect(await server.client.callLater("fSync", { fds: [fd, directory] })).not.toBeString();
  });

  test("does what it can and answers the first failure", async () => {
    const { server, fd } = serverWithFile("text");
    using _ = server;
    expect(await server.client.callLater("fSync", { fds: [12345 as FdId, fd] })).toBe("EBADF");
  });
});

describe("readLinkAt", () => {
  test.each(["x", "some/where/else", "\xff\xfe", "x".repeat(4095)])("gives the target %.20j", (target) => {
    using server = new HostServer();
    symlinkSync(Buffer.from(target, "latin1"), server.path("link"));
    const { placed } = server.client.expect("readLinkAt", { fd: server.walk("link") });
    const at = server.client.payloadAt + 2;
    expect(memory.buffer.toString("latin1", at, at + placed)).toBe(target);
  });
});

test("a file that was truncated on the host reads as it is now", () => {
  const { server, fd } = serverWithFile("0123456789");
  using _ = server;
  truncateSync(server.path("file"), 3);
  expect(read(server, fd, 10)).toBe("012");
});
