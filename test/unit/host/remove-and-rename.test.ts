import { describe, expect, test } from "bun:test";
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { allocateStaticMemory, memory } from "../../../ffi/arena.ts";
import { byteStringOf } from "../../../ffi/byte-string.ts";
import { HostServer } from "../support/host-server.ts";
import { createFifo, createSocket } from "../support/special-files.ts";

const removeDirectory = 0x200;
const noReplace = 0x1;
const exchange = 0x2;
const whiteout = 0x4;

function unlink(server: HostServer, name: string, flags = 0, dirFd = server.root) {
  return server.client.call("unlinkAt", { dirFd, flags, name: byteStringOf(name) });
}

function rename(server: HostServer, from: string, to: string, flags?: number) {
  const split = (path: string) => {
    const slash = path.lastIndexOf("/");
    return { dir: server.walk(slash < 0 ? "" : path.slice(0, slash)), name: byteStringOf(path.slice(slash + 1)) };
  };
  const [old, next] = [split(from), split(to)];
  const request = { oldDir: old.dir, newDir: next.dir, oldName: old.name, newName: next.name };
  return flags === undefined
    ? server.client.call("renameAt", request)
    : server.client.call("renameAt2", { ...request, flags });
}

describe("unlinkAt", () => {
  test("removes files of every kind, and symlinks rather than what they point to", () => {
    using server = new HostServer();
    writeFileSync(server.path("file"), "x");
    mkdirSync(server.path("target"));
    symlinkSync("target", server.path("link"));
    createFifo(server.path("fifo"));
    createSocket(server.path("socket"));
    for (const name of ["file", "link", "fifo", "socket"]) expect(unlink(server, name)).not.toBeString();
    expect(readdirSync(server.directory)).toEqual(["target"]);
  });

  test("removes empty directories when asked for one", () => {
    using server = new HostServer();
    mkdirSync(server.path("empty"));
    mkdirSync(server.path("full/entry"), { recursive: true });
    writeFileSync(server.path("file"), "x");
    expect(unlink(server, "empty")).toBe("EISDIR");
    expect(unlink(server, "empty", removeDirectory)).not.toBeString();
    expect(unlink(server, "full", removeDirectory)).toBe("ENOTEMPTY");
    expect(unlink(server, "file", removeDirectory)).toBe("ENOTDIR");
    expect(readdirSync(server.directory).toSorted()).toEqual(["file", "full"]);
  });

  test("is answered ENOENT where there is nothing, EINVAL for flags that there are not", () => {
    using server = new HostServer();
    writeFileSync(server.path("file"), "x");
    expect(unlink(server, "missing")).toBe("ENOENT");
    expect(unlink(server, "file", 0x1)).toBe("EINVAL");
  });
});

describe("a removed file that is open", () => {
  test("can be read, written, allocated, truncated, looked at and opened again", async () => {
    using server = new HostServer();
    writeFileSync(server.path("file"), "text");
    const fd = server.walk("file");
    const { openFd } = server.client.expect("openAt", { fd, flags: 2 });
    unlink(server, "file");
    const data = { at: allocateStaticMemory(4), length: 4 };
    memory.buffer.write("TEXT", data.at);
    expect(server.client.expect("pWrite", { offset: 4, fd: openFd, data })).toEqual({ count: 4 });
    expect(server.client.expect("pRead", { offset: 0, fd: openFd, count: 100 })).toEqual({ placed: 8 });
    const allocation = { fd: openFd, mode: 0, offset: 0, length: 4096 };
    expect(await server.client.callLater("fAllocate", allocation)).not.toBeString();
    expect(await server.client.callLater("fSync", { fds: [openFd] })).not.toBeString();
    expect(server.client.expect("fStat", { fd })).toMatchObject({ nlink: 0, size: 4096 });
    expect(server.client.expect("openAt", { fd, flags: 0 }).openFd).not.toBe(openFd);
  });

  test("keeps the file of its successor alone", () => {
    using server = new HostServer();
    writeFileSync(server.path("file"), "old");
    const fd = server.walk("file");
    unlink(server, "file");
    writeFileSync(server.path("file"), "new");
    const setStat = { mode: 0, uid: 0, gid: 0, size: 0, atimeSec: 0, atimeNsec: 0, mtimeSec: 0, mtimeNsec: 0 };
    server.client.expect("setStat", { fd, mask: 0x200, ...setStat });
    expect(
      server.client.call("fSetXattr", { fd, flags: 0, name: byteStringOf("user.x"), value: new Uint8Array(1) }),
    ).toBe("EINVAL");
    expect(readFileSync(server.path("file"), "utf8")).toBe("new");
  });
});

describe("renameAt", () => {
  test("moves within a directory and between two", () => {
    using server = new HostServer();
    mkdirSync(server.path("a"));
    mkdirSync(server.path("b"));
    writeFileSync(server.path("a/file"), "x");
    expect(rename(server, "a/file", "a/other")).not.toBeString();
    expect(rename(server, "a/other", "b/file")).not.toBeString();
    expect([readdirSync(server.path("a")), readdirSync(server.path("b"))]).toEqual([[], ["file"]]);
  });

  test("replaces what is there", () => {
    using server = new HostServer();
    writeFileSync(server.path("new"), "new");
    writeFileSync(server.path("old"), "old");
    expect(rename(server, "new", "old")).not.toBeString();
    expect([readdirSync(server.directory), readFileSync(server.path("old"), "utf8")]).toEqual([["old"], "new"]);
  });

  test("renames a symlink itself", () => {
    using server = new HostServer();
    symlinkSync("target", server.path("link"));
    expect(rename(server, "link", "other")).not.toBeString();
    expect(lstatSync(server.path("other")).isSymbolicLink()).toBe(true);
  });

  test.each([
    ["missing", "other", "ENOENT"],
    ["file", "directory", "EISDIR"],
    ["directory", "file", "ENOTDIR"],
    ["directory", "full", "ENOTEMPTY"],
    ["full", "full/entry/inside", "EINVAL"],
    ["file", "x".repeat(256), "ENAMETOOLONG"],
  ])("of %s to %.20s is answered %s", (from, to, errno) => {
    using server = new HostServer();
    writeFileSync(server.path("file"), "x");
    mkdirSync(server.path("directory"));
    mkdirSync(server.path("full/entry"), { recursive: true });
    expect(rename(server, from, to)).toBe(errno);
  });

  test("onto another name of the same file does nothing, as on the host", () => {
    using server = new HostServer();
    writeFileSync(server.path("file"), "x");
    linkSync(server.path("file"), server.path("link"));
    expect(rename(server, "file", "link")).not.toBeString();
    expect(readdirSync(server.directory).toSorted()).toEqual(["file", "link"]);
  });

  test("lets open files go on under their new names, at any depth", () => {
    using server = new HostServer();
    mkdirSync(server.path("a/b"), { recursive: true });
    symlinkSync("target", server.path("a/b/link"));
    const link = server.walk("a/b/link");
    const directory = server.walk("a/b");
    expect(rename(server, "a", "moved")).not.toBeString();
    const times = { mode: 0, uid: 0, gid: 0, size: 0, atimeSec: 0, atimeNsec: 0, mtimeSec: 77, mtimeNsec: 0 };
    // The times of a symlink can only be set by its path.
    expect(server.client.expect("setStat", { fd: link, mask: 0x40, ...times })).toMatchObject({ failureMask: 0 });
    expect(lstatSync(server.path("moved/b/link")).mtimeMs).toBe(77_000);
    expect(unlink(server, "link", 0, directory)).not.toBeString();
  });
});

describe("renameAt2", () => {
  test("without flags is renameAt", () => {
    using server = new HostServer();
    writeFileSync(server.path("file"), "x");
    expect(rename(server, "file", "other", 0)).not.toBeString();
    expect(readdirSync(server.directory)).toEqual(["other"]);
  });

  test("replaces nothing when asked not to: EEXIST", () => {
    using server = new HostServer();
    writeFileSync(server.path("a"), "a");
    writeFileSync(server.path("b"), "b");
    expect(rename(server, "a", "b", noReplace)).toBe("EEXIST");
    expect(rename(server, "a", "c", noReplace)).not.toBeString();
    expect(readdirSync(server.directory).toSorted()).toEqual(["b", "c"]);
  });

  test("exchanges two entries, whatever they are", () => {
    using server = new HostServer();
    writeFileSync(server.path("file"), "x");
    mkdirSync(server.path("directory"));
    expect(rename(server, "file", "directory", exchange)).not.toBeString();
    expect(lstatSync(server.path("file")).isDirectory()).toBe(true);
    expect(rename(server, "file", "missing", exchange)).toBe("ENOENT");
  });

  test("follows what was exchanged", () => {
    using server = new HostServer();
    symlinkSync("one", server.path("a"));
    symlinkSync("two", server.path("b"));
    const a = server.walk("a");
    expect(rename(server, "a", "b", exchange)).not.toBeString();
    const times = { mode: 0, uid: 0, gid: 0, size: 0, atimeSec: 0, atimeNsec: 0, mtimeSec: 77, mtimeNsec: 0 };
    server.client.expect("setStat", { fd: a, mask: 0x40, ...times });
    expect(lstatSync(server.path("b")).mtimeMs).toBe(77_000);
    expect(lstatSync(server.path("a")).mtimeMs).not.toBe(77_000);
  });

  test.if(process.getuid?.() === 0)("leaves a whiteout when asked to", () => {
    using server = new HostServer();
    writeFileSync(server.path("file"), "x");
    expect(rename(server, "file", "other", whiteout)).not.toBeString();
    const { mode, rdev } = lstatSync(server.path("file"));
    expect([mode & 0o170000, rdev]).toEqual([0o020000, 0]);
  });

  test.each([0x8, noReplace | exchange, 2 ** 31])("is answered EINVAL to flags 0x%x", (flags) => {
    using server = new HostServer();
    writeFileSync(server.path("file"), "x");
    expect(rename(server, "file", "other", flags)).toBe("EINVAL");
    expect(existsSync(server.path("file"))).toBe(true);
  });
});
