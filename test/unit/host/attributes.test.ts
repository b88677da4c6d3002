import { describe, expect, test } from "bun:test";
import { chmodSync, linkSync, lstatSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { Errno } from "../../../ffi/errno.ts";
import type { FdId } from "../../../src/wire/integers.ts";
import type { ReplyOf, RequestOf } from "../../../src/wire/messages.ts";
import { HostServer } from "../support/host-server.ts";
import { noAttributes } from "../support/sample-requests.ts";
import { createFifo, createSocket } from "../support/special-files.ts";

const isRoot = process.getuid?.() === 0;

const mask = { mode: 0x2, uid: 0x8, gid: 0x10, atime: 0x20, mtime: 0x40, size: 0x200 } as const;
const sizeMax = 2n ** 63n - 1n;

/** Files of each kind that can be asked for attributes. */
function createEachKind(server: HostServer): void {
  writeFileSync(server.path("file"), "some bytes", { mode: 0o640 });
  mkdirSync(server.path("directory"), { mode: 0o750 });
  symlinkSync("somewhere", server.path("link"));
  createFifo(server.path("fifo"));
  createSocket(server.path("socket"));
}

const kinds = ["file", "directory", "link", "fifo", "socket"] as const;

function setStat(server: HostServer, fd: FdId, changes: Partial<RequestOf<"setStat">>): ReplyOf<"setStat"> {
  return server.client.expect("setStat", {
    fd,
    mask: 0,
    ...noAttributes,
    ...changes,
  });
}

const done = { failureMask: 0, failureErrno: 0 };

describe("fStat", () => {
  test.each([...kinds, ""])("of %j gives what the host says", (kind) => {
    using server = new HostServer();
    createEachKind(server);
    const stat = server.client.expect("fStat", { fd: server.walk(kind) });
    const host = lstatSync(server.path(kind), { bigint: true });
    expect({
      mode: stat.mode,
      nlink: stat.nlink,
      uid: stat.uid,
      gid: stat.gid,
      ino: BigInt(stat.ino),
      size: BigInt(stat.size),
      blocks: BigInt(stat.blocks),
      blksize: stat.blksize,
      atime: BigInt(stat.atimeSec) * 1_000_000_000n + BigInt(stat.atimeNsec),
      mtime: BigInt(stat.mtimeSec) * 1_000_000_000n + BigInt(stat.mtimeNsec),
      ctime: BigInt(stat.ctimeSec) * 1_000_000_000n + BigInt(stat.ctimeNsec),
    }).toEqual({
      mode: Number(host.mode),
      nlink: Number(host.nlink),
      uid: Number(host.uid),
      gid: Number(host.gid),
      ino: host.ino,
      size: host.size,
      blocks: host.blocks,
      blksize: Number(host.blksize),
      atime: host.atimeNs,
      mtime: host.mtimeNs,
      ctime: host.ctimeNs,
    });
  });

  test("leaves the attribute flags out, as the protocol does", () => {
    using server = new HostServer();
    const { attributes, attributesMask } = server.client.expect("fStat", { fd: server.root });
    expect([attributes, attributesMask]).toEqual([0, 0]);
  });

  test("of an open file sees what happens to it", () => {
    using server = new HostServer();
    writeFileSync(server.path("file"), "four");
    const opened = server.open("file", 0);
    linkSync(server.path("file"), server.path("second"));
    truncateSync(server.path("file"), 2);
    const { size, nlink } = server.client.expect("fStat", { fd: opened });
    expect([size, nlink]).toEqual([2, 2]);
  });
});

describe("setStat", () => {
  test.each(["file", "directory", "fifo", "socket"] as const)("changes the permissions of a %s", (kind) => {
    using server = new HostServer();
    createEachKind(server);
    expect(setStat(server, server.walk(kind), { mask: mask.mode, mode: 0o102711 })).toEqual(done);
    expect(lstatSync(server.path(kind)).mode & 0o7777).toBe(0o2711);
  });

  test("has no permissions of a symlink to change: EOPNOTSUPP", () => {
    using server = new HostServer();
    createEachKind(server);
    expect(setStat(server, server.walk("link"), { mask: mask.mode, mode: 0o600 })).toEqual({
      failureMask: mask.mode,
      failureErrno: Errno.EOPNOTSUPP,
    });
  });

  test.each([0, 3, 2 ** 40])("makes a file %p bytes long", (size) => {
    using server = new HostServer();
    createEachKind(server);
    expect(setStat(server, server.walk("file"), { mask: mask.size, size })).toEqual(done);
    expect(lstatSync(server.path("file")).size).toBe(size);
  });

  test("refuses sizes that the host refuses", () => {
    using server = new HostServer();
    createEachKind(server);
    const size = (kind: string, bytes: number | bigint) =>
      setStat(server, server.walk(kind), { mask: mask.size, size: bytes });
    expect(size("file", sizeMax + 1n)).toEqual({ failureMask: mask.size, failureErrno: Errno.EINVAL });
    expect(size("file", 2n ** 64n - 1n)).toEqual({ failureMask: mask.size, failureErrno: Errno.EINVAL });
    expect(size("directory", 0)).toEqual({ failureMask: mask.size, failureErrno: Errno.EISDIR });
    expect(lstatSync(server.path("file")).size).toBe(10);
  });

  test.each(["file", "directory", "link", "fifo"] as const)("sets the times of a %s, both or one", (kind) => {
    using server = new HostServer();
    createEachKind(server);
    const fd = server.walk(kind);
    const times = { atimeSec: 1_000_000_000, atimeNsec: 123_456_789, mtimeSec: 5_000_000_000, mtimeNsec: 999_999_999 };
    expect(setStat(server, fd, { mask: mask.atime | mask.mtime, ...times })).toEqual(done);
    const both = lstatSync(server.path(kind), { bigint: true });
    expect([both.atimeNs, both.mtimeNs]).toEqual([1_000_000_000_123_456_789n, 5_000_000_000_999_999_999n]);
    expect(setStat(server, fd, { mask: mask.mtime, mtimeSec: 7, mtimeNsec: 8 })).toEqual(done);
    const one = lstatSync(server.path(kind), { bigint: true });
    expect([one.atimeNs, one.mtimeNs]).toEqual([1_000_000_000_123_456_789n, 7_000_000_008n]);
  });

  test("sets times before 1970", () => {
    using server = new HostServer();
    createEachKind(server);
    const times = { mtimeSec: -1000, mtimeNsec: 5 };
    expect(setStat(server, server.walk("file"), { mask: mask.mtime, ...times })).toEqual(done);
    expect(server.client.expect("fStat", { fd: server.walk("file") })).toMatchObject(times);
  });

  test("refuses nanoseconds that are none", () => {
    using server = new HostServer();
    createEachKind(server);
    const failure = setStat(server, server.walk("file"), { mask: mask.mtime, mtimeNsec: 1_000_000_000 });
    expect(failure).toEqual({ failureMask: mask.mtime, failureErrno: Errno.EINVAL });
  });

  test.if(isRoot).each(kinds)("gives a %s to another owner or group, leaving the other as it is", (kind) => {
    using server = new HostServer();
    createEachKind(server);
    const fd = server.walk(kind);
    const owner = () => [lstatSync(server.path(kind)).uid, lstatSync(server.path(kind)).gid];
    expect(setStat(server, fd, { mask: mask.uid, uid: 1234, gid: 99 })).toEqual(done);
    expect(owner()).toEqual([1234, 0]);
    expect(setStat(server, fd, { mask: mask.gid, uid: 99, gid: 4321 })).toEqual(done);
    expect(owner()).toEqual([1234, 4321]);
  });

  test("does all that can be done, and says what could not and why", () => {
    using server = new HostServer();
    createEachKind(server);
    const all = mask.mode | mask.size | mask.mtime;
    const changes = { mask: all, mode: 0o600, size: sizeMax + 1n, mtimeSec: 77 };
    expect(setStat(server, server.walk("file"), changes)).toEqual({
      failureMask: mask.size,
      failureErrno: Errno.EINVAL,
    });
    const { mode, mtimeMs } = lstatSync(server.path("file"));
    expect([mode & 0o777, mtimeMs]).toEqual([0o600, 77_000]);
  });

  test("asked for nothing does nothing", () => {
    using server = new HostServer();
    createEachKind(server);
    chmodSync(server.path("file"), 0o604);
    expect(setStat(server, server.walk("file"), { mode: 0 })).toEqual(done);
    expect(lstatSync(server.path("file")).mode & 0o777).toBe(0o604);
  });
});

describe("fStatFs", () => {
  test("gives the numbers of the file system", () => {
    using server = new HostServer();
    const { type, blockSize, blocks, blocksFree, nameLength } = server.client.expect("fStatFs", { fd: server.root });
    expect([type, blockSize, blocks, blocksFree].every((number) => BigInt(number) > 0n)).toBe(true);
    expect(nameLength).toBe(255);
  });
});
