import { describe, expect, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { allocateStaticMemory } from "../../../ffi/arena.ts";
import { type ByteString, byteStringOf } from "../../../ffi/byte-string.ts";
import { takeAndClose } from "../../../ffi/host-fd.ts";
import type { FdId } from "../../../src/wire/integers.ts";
import { noId } from "../../../src/wire/records.ts";
import { HostServer } from "../support/host-server.ts";

const isRoot = process.getuid?.() === 0;
const nobody = { uid: noId, gid: noId };
const S_IFREG = 0o100000;
const S_IFCHR = 0o020000;

function named(text: string): ByteString {
  return byteStringOf(text);
}

function modeOf(server: HostServer, name: string): number {
  return lstatSync(server.path(name)).mode;
}

/** The umask of this process hides permission bits; the gofer runs with none. */
function withoutUmask<T>(run: () => T): T {
  const before = process.umask(0);
  try {
    return run();
  } finally {
    process.umask(before);
  }
}

const makers = {
  openCreateAt: (server: HostServer, name: string, dirFd = server.root) =>
    server.client.call("openCreateAt", { dirFd, ...nobody, mode: 0o640, flags: 2, name: named(name) }),
  mkdirAt: (server: HostServer, name: string, dirFd = server.root) =>
    server.client.call("mkdirAt", { dirFd, ...nobody, mode: 0o750, name: named(name) }),
  mknodAt: (server: HostServer, name: string, dirFd = server.root) => {
    const mode = S_IFREG | 0o640;
    return server.client.call("mknodAt", { dirFd, ...nobody, mode, minor: 0, major: 0, name: named(name) });
  },
  symlinkAt: (server: HostServer, name: string, dirFd = server.root) =>
    server.client.call("symlinkAt", { dirFd, ...nobody, name: named(name), linkTarget: named("some/where") }),
  linkAt: (server: HostServer, name: string, dirFd = server.root) => {
    if (!existsSync(server.path("linked"))) writeFileSync(server.path("linked"), "linked");
    return server.client.call("linkAt", { dirFd, linkedFd: server.walk("linked"), name: named(name) });
  },
} as const;

const makerNames = Object.keys(makers) as (keyof typeof makers)[];

function make(server: HostServer, maker: keyof typeof makers, name: string, dirFd?: FdId) {
  const answer = makers[maker](server, name, dirFd);
  if (typeof answer === "string") return answer;
  for (const fd of answer.fds) takeAndClose(fd);
  return answer.reply.child;
}

describe("each way of making an entry", () => {
  test.each(makerNames)("%s gives an FD and the attributes of what it made", (maker) => {
    using server = new HostServer();
    const child = make(server, maker, "new");
    if (typeof child === "string") throw new Error(child);
    expect(BigInt(child.stat.ino)).toBe(lstatSync(server.path("new"), { bigint: true }).ino);
    expect(server.client.expect("fStat", { fd: child.controlFd })).toEqual(child.stat);
  });

  test.each(makerNames)("%s is answered EEXIST where there is something, a dangling symlink too", (maker) => {
    using server = new HostServer();
    writeFileSync(server.path("file"), "untouched");
    symlinkSync("nowhere", server.path("dangling"));
    expect(make(server, maker, "file")).toBe("EEXIST");
    expect(make(server, maker, "dangling")).toBe("EEXIST");
    expect(readFileSync(server.path("file"), "utf8")).toBe("untouched");
    expect(existsSync(server.path("nowhere"))).toBe(false);
  });

  test.each(makerNames)("%s takes names of any bytes up to 255, and no longer", (maker) => {
    using server = new HostServer();
    const child = (name: string) => typeof make(server, maker, name) === "object";
    expect([child("é\n"), child("x".repeat(255))]).toEqual([true, true]);
    expect(make(server, maker, "x".repeat(256))).toBe("ENAMETOOLONG");
  });

  test.each(makerNames)("%s works in a directory that was moved", (maker) => {
    using server = new HostServer();
    mkdirSync(server.path("before"));
    const directory = server.walk("before");
    const names = { oldName: named("before"), newName: named("after") };
    server.client.expect("renameAt", { oldDir: server.root, newDir: server.root, ...names });
    expect(make(server, maker, "new", directory)).toBeObject();
    expect(lstatSync(server.path("after/new")).isFile() || maker === "mkdirAt" || maker === "symlinkAt").toBe(true);
  });

  test.each(makerNames)("%s in a removed directory is refused", (maker) => {
    using server = new HostServer();
    mkdirSync(server.path("gone"));
    const directory = server.walk("gone");
    server.client.expect("unlinkAt", { dirFd: server.root, flags: 0x200, name: named("gone") });
    expect(make(server, maker, "new", directory)).toBe("EINVAL");
  });

  test.if(isRoot).each(makerNames.filter((maker) => maker !== "linkAt"))("%s gives it to its owner", (maker) => {
    using server = new HostServer();
    const owner = { uid: 1234, gid: 5678 };
    const requests = {
      openCreateAt: { dirFd: server.root, ...owner, mode: 0o600, flags: 0, name: named("new") },
      mkdirAt: { dirFd: server.root, ...owner, mode: 0o700, name: named("new") },
      mknodAt: { dirFd: server.root, ...owner, mode: S_IFREG | 0o600, minor: 0, major: 0, name: named("new") },
      symlinkAt: { dirFd: server.root, ...owner, name: named("new"), linkTarget: named("x") },
    };
    const request = requests[maker as keyof typeof requests];
    const { child } = server.client.expect(maker as keyof typeof requests, request as never);
    expect([child.stat.uid, child.stat.gid]).toEqual([1234, 5678]);
    const { uid, gid } = lstatSync(server.path("new"));
    expect([uid, gid]).toEqual([1234, 5678]);
  });
});

describe("openCreateAt", () => {
  test("makes a regular file of the permissions asked for, whatever type the mode claims", () => {
    using server = new HostServer();
    withoutUmask(() => {
      const request = { dirFd: server.root, ...nobody, mode: 0o102_751, flags: 0, name: named("new") };
      server.client.expect("openCreateAt", request);
    });
    expect(modeOf(server, "new")).toBe(S_IFREG | 0o2751);
  });

  test.if(isRoot)("opens it with the access asked for, whatever its permissions", () => {
    using server = new HostServer();
    const request = { dirFd: server.root, ...nobody, mode: 0, flags: 1, name: named("new") };
    const { newFd } = server.client.expect("openCreateAt", request);
    expect(server.client.call("pRead", { offset: 0, fd: newFd, count: 1 })).toBe("EBADF");
    const data = { at: allocateStaticMemory(3), length: 3 };
    expect(server.client.expect("pWrite", { offset: 0, fd: newFd, data })).toEqual({ count: 3 });
  });

  test("gives the client the open file", () => {
    using server = new HostServer();
    const answer = makers.openCreateAt(server, "new");
    if (typeof answer === "string") throw new Error(answer);
    expect(answer.fds).toHaveLength(1);
    for (const fd of answer.fds) {
      expect(readlinkSync(`/proc/self/fd/${fd}`)).toBe(server.path("new"));
      takeAndClose(fd);
    }
  });
});

describe("mkdirAt", () => {
  test("makes a directory of the permissions asked for", () => {
    using server = new HostServer();
    withoutUmask(() => {
      const request = { dirFd: server.root, ...nobody, mode: 0o1733, name: named("new") };
      server.client.expect("mkdirAt", request);
    });
    expect(modeOf(server, "new")).toBe(0o041733);
  });

  test("gives an FD under which files can be made at once", () => {
    using server = new HostServer();
    const child = make(server, "mkdirAt", "new");
    if (typeof child === "string") throw new Error(child);
    expect(make(server, "mkdirAt", "below", child.controlFd)).toBeObject();
    expect(lstatSync(server.path("new/below")).isDirectory()).toBe(true);
  });
});

describe("mknodAt", () => {
  const mknod = (server: HostServer, mode: number, minor = 0, major = 0) =>
    server.client.call("mknodAt", { dirFd: server.root, ...nobody, mode, minor, major, name: named("new") });

  test("makes regular files", () => {
    using server = new HostServer();
    withoutUmask(() => expect(mknod(server, S_IFREG | 0o604, 7, 7)).not.toBeString());
    expect(modeOf(server, "new")).toBe(S_IFREG | 0o604);
  });

  test("makes whiteouts", () => {
    using server = new HostServer();
    expect(mknod(server, S_IFCHR)).not.toBeString();
    const { rdev, mode } = lstatSync(server.path("new"));
    expect([rdev, mode & 0o170000]).toEqual([0, S_IFCHR]);
  });

  test.each([
    ["a FIFO", 0o010644, 0, 0],
    ["a socket", 0o140644, 0, 0],
    ["a block device", 0o060644, 0, 0],
    ["a character device with a minor number", 0o020644, 1, 0],
    ["a character device with a major number", 0o020644, 0, 1],
    ["a directory", 0o040755, 0, 0],
    ["a symlink", 0o120777, 0, 0],
    ["a file of no type", 0o644, 0, 0],
  ])("refuses %s: EPERM", (_what, mode, minor, major) => {
    using server = new HostServer();
    expect(mknod(server, mode, minor, major)).toBe("EPERM");
    expect(existsSync(server.path("new"))).toBe(false);
  });
});

describe("symlinkAt", () => {
  test.each(["some/where", "/absolute", "..", "\xff", "x".repeat(4095)])("points anywhere: %j", (target) => {
    using server = new HostServer();
    const request = { dirFd: server.root, ...nobody, name: named("new"), linkTarget: target as ByteString };
    server.client.expect("symlinkAt", request);
    expect(readlinkSync(server.path("new"), "latin1")).toBe(target);
  });

  test.each([
    ["", "ENOENT"],
    ["x".repeat(4096), "ENAMETOOLONG"],
  ])("has no target like %.5j…: %s", (target, errno) => {
    using server = new HostServer();
    const request = { dirFd: server.root, ...nobody, name: named("new"), linkTarget: target as ByteString };
    expect(server.client.call("symlinkAt", request)).toBe(errno);
  });
});

describe("linkAt", () => {
  test("makes a second name of the same file", () => {
    using server = new HostServer();
    const child = make(server, "linkAt", "new");
    expect(child).toMatchObject({ stat: { nlink: 2 } });
    expect(lstatSync(server.path("new")).ino).toBe(lstatSync(server.path("linked")).ino);
  });

  test("links a symlink itself", () => {
    using server = new HostServer();
    symlinkSync("somewhere", server.path("link"));
    const request = { dirFd: server.root, linkedFd: server.walk("link"), name: named("new") };
    server.client.expect("linkAt", request);
    expect(readlinkSync(server.path("new"))).toBe("somewhere");
  });

  test("finds a file that was renamed through the gofer", () => {
    using server = new HostServer();
    writeFileSync(server.path("before"), "x");
    const linkedFd = server.walk("before");
    const names = { oldName: named("before"), newName: named("after") };
    server.client.expect("renameAt", { oldDir: server.root, newDir: server.root, ...names });
    server.client.expect("linkAt", { dirFd: server.root, linkedFd, name: named("new") });
    expect(lstatSync(server.path("new")).ino).toBe(lstatSync(server.path("after")).ino);
  });

  test("follows no symlink on the way to the file, should one have been put there", () => {
    using server = new HostServer();
    mkdirSync(server.path("a/b"), { recursive: true });
    writeFileSync(server.path("a/b/file"), "x");
    const linkedFd = server.walk("a/b/file");
    renameSync(server.path("a"), server.path("moved"));
    symlinkSync("moved", server.path("a"));
    expect(server.client.call("linkAt", { dirFd: server.root, linkedFd, name: named("new") })).toBe("ELOOP");
  });

  test("leaves no descriptor behind, whether it succeeds or not", () => {
    using server = new HostServer();
    for (let round = 0; round < 5; round++) {
      make(server, "linkAt", `link ${round}`);
      make(server, "linkAt", "linked");
    }
    // HostServer checks when it is disposed of.
    server.client[Symbol.dispose]();
  });
});
