import { describe, expect, test } from "bun:test";
import { mkdirSync, renameSync, rmdirSync, symlinkSync, writeFileSync } from "node:fs";
import { type ByteString, byteStringOf } from "../../../ffi/byte-string.ts";
import type { FdId } from "../../../src/wire/integers.ts";
import { walkStatus } from "../../../src/wire/records.ts";
import type { Statx } from "../../../src/wire/statx.ts";
import { HostServer } from "../support/host-server.ts";
import { createFifo, createSocket } from "../support/special-files.ts";

const S_IFMT = 0o170000;
const types = new Map([
  [0o100000, "file"],
  [0o040000, "directory"],
  [0o120000, "link"],
  [0o140000, "socket"],
  [0o010000, "fifo"],
]);

function typesOf(stats: readonly Statx[]): (string | undefined)[] {
  return stats.map(({ mode }) => types.get(mode & S_IFMT));
}

/** a/b/file, a/link → b, link → a, dangling → nowhere, fifo, socket. */
function serverWithTree(): HostServer {
  const server = new HostServer();
  mkdirSync(server.path("a/b"), { recursive: true });
  writeFileSync(server.path("a/b/file"), "x");
  symlinkSync("b", server.path("a/link"));
  symlinkSync("a", server.path("link"));
  symlinkSync("nowhere", server.path("dangling"));
  createFifo(server.path("fifo"));
  createSocket(server.path("socket"));
  return server;
}

function walk(server: HostServer, path: readonly (string | ByteString)[], dirFd = server.root) {
  const answer = server.client.call("walk", { dirFd, path: path as ByteString[] });
  if (typeof answer === "string") return answer;
  return [answer.reply.status, ...typesOf(answer.reply.inodes.map(({ stat }) => stat))];
}

function walkStat(server: HostServer, path: readonly string[], dirFd = server.root) {
  const answer = server.client.call("walkStat", { dirFd, path: path.map(byteStringOf) });
  return typeof answer === "string" ? answer : typesOf(answer.reply.stats);
}

const { success, componentDoesNotExist, componentSymlink } = walkStatus;

describe("walk", () => {
  test.each([
    [
      ["a", "b", "file"],
      [success, "directory", "directory", "file"],
    ],
    [["link"], [success, "link"]],
    [
      ["a", "link"],
      [success, "directory", "link"],
    ],
    [["dangling"], [success, "link"]],
    [["fifo"], [success, "fifo"]],
    [["socket"], [success, "socket"]],
    [
      ["link", "b"],
      [componentSymlink, "link"],
    ],
    [
      ["a", "link", "file"],
      [componentSymlink, "directory", "link"],
    ],
    [
      ["dangling", "x"],
      [componentSymlink, "link"],
    ],
    [["missing"], [componentDoesNotExist]],
    [
      ["a", "missing", "x"],
      [componentDoesNotExist, "directory"],
    ],
  ])("along %j gives %j", (path, expected) => {
    using server = serverWithTree();
    expect(walk(server, path)).toEqual(expected);
  });

  test.each([[["a", "b", "file", "x"]], [["fifo", "x"]], [["socket", "x"]]])(
    "through what is no directory, %j, is answered ENOTDIR",
    (path) => {
      using server = serverWithTree();
      expect(walk(server, path)).toBe("ENOTDIR");
    },
  );

  test("finds names of any bytes", () => {
    using server = new HostServer();
    const names = ["\xff\xfe", "a\nb", " ", "é", "x".repeat(255)].map((name) => name as ByteString);
    for (const name of names) writeFileSync(Buffer.concat([Buffer.from(`${server.directory}/`), bytesOf(name)]), "x");
    for (const name of names) expect(walk(server, [name])).toEqual([success, "file"]);
  });

  test("for a name of more than 255 bytes is answered ENAMETOOLONG", () => {
    using server = new HostServer();
    expect(walk(server, ["x".repeat(256)])).toBe("ENAMETOOLONG");
    expect(walk(server, ["x".repeat(65535)])).toBe("ENAMETOOLONG");
  });

  test("goes by the directory, wherever that was moved", () => {
    using server = serverWithTree();
    const directory = server.walk("a/b");
    renameSync(server.path("a"), server.path("moved"));
    expect(walk(server, ["file"], directory)).toEqual([success, "file"]);
  });

  test("in a directory that is gone finds nothing", () => {
    using server = new HostServer();
    mkdirSync(server.path("gone"));
    const directory = server.walk("gone");
    rmdirSync(server.path("gone"));
    expect(walk(server, ["x"], directory)).toEqual([componentDoesNotExist]);
  });

  test("never leaves the mount point", () => {
    using server = serverWithTree();
    expect(walk(server, [".."])).toBe("EINVAL");
    expect(walk(server, ["a", ".."])).toBe("EINVAL");
    expect(walk(server, ["../../etc"])).toBe("EINVAL");
  });

  test("gives FDs that can be used, and closes them with the connection", () => {
    using server = serverWithTree();
    const { inodes } = server.client.expect("walk", { dirFd: server.root, path: ["a", "b"] as ByteString[] });
    const fd = inodes[1]?.controlFd as FdId;
    expect(server.client.expect("fStat", { fd }).ino).toBe(inodes[1]?.stat.ino ?? 0);
  });
});

function bytesOf(name: ByteString): Buffer {
  return Buffer.from(name, "latin1");
}

describe("walkStat", () => {
  test.each([
    [
      ["a", "b", "file"],
      ["directory", "directory", "file"],
    ],
    [
      ["", "a"],
      ["directory", "directory"],
    ],
    [[""], ["directory"]],
    [[], []],
    [["link"], ["link"]],
    [["link", "b"], ["link"]],
    [
      ["", "a", "link", "file"],
      ["directory", "directory", "link"],
    ],
    [["a", "missing", "x"], ["directory"]],
    [["fifo"], ["fifo"]],
    [["socket"], ["socket"]],
  ])("along %j gives %j", (path, expected) => {
    using server = serverWithTree();
    expect(walkStat(server, path)).toEqual(expected);
  });

  test("through what is no directory is answered ENOTDIR", () => {
    using server = serverWithTree();
    expect(walkStat(server, ["a", "b", "file", "x"])).toBe("ENOTDIR");
    expect(walkStat(server, ["x"], server.walk("a/b/file"))).toBe("ENOTDIR");
  });

  test("looks at a start that is a symlink, and no further", () => {
    using server = serverWithTree();
    expect(walkStat(server, [""], server.walk("link"))).toEqual(["link"]);
    expect(walkStat(server, ["", "b"], server.walk("link"))).toBe("ENOTDIR");
  });
});
