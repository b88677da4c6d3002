import { describe, expect, test } from "bun:test";
import { fstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { byteStringOf } from "../../../ffi/byte-string.ts";
import { takeAndClose } from "../../../ffi/host-fd.ts";
import { O_CLOEXEC } from "../../../ffi/linux.ts";
import { openProcSelfFd } from "../../../src/host/connection.ts";
import type { FdId } from "../../../src/wire/integers.ts";
import { noId } from "../../../src/wire/records.ts";
import { ChannelClient } from "../support/channel-client.ts";
import { HostServer, openDescriptors } from "../support/host-server.ts";
import { ServerSubprocess } from "../support/server-subprocess.ts";
import { TemporaryDirectory } from "../support/temporary-directory.ts";

const nobody = { uid: noId, gid: noId };

/** Descriptors of this process on files below the server's directory. */
function descriptorsOf(server: HostServer): string[] {
  return openDescriptors().filter((descriptor) => descriptor.includes(server.directory));
}

/** Source: proc_pid_fdinfo(5). */
function isClosedOnExec(descriptor: number): boolean {
  const [, flags = "0"] = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8")) ?? [];
  return (Number.parseInt(flags, 8) & O_CLOEXEC) !== 0;
}

test("openProcSelfFd() refuses what is no directory", () => {
  expect(String(openProcSelfFd(byteStringOf("/proc/self/status")))).toBe("ENOTDIR");
});

describe("the host's descriptors", () => {
  test("are those of the FDs that the client has, no more", () => {
    using server = new HostServer();
    mkdirSync(server.path("a/b"), { recursive: true });
    writeFileSync(server.path("a/b/file"), "x");
    symlinkSync("a", server.path("link"));
    const before = [server.root, descriptorsOf(server).length] as const;
    const { client } = server;
    const walked = client.expect("walk", { dirFd: before[0], path: ["a", "b", "file"].map(byteStringOf) });
    expect(descriptorsOf(server)).toHaveLength(before[1] + 3);
    const fds = walked.inodes.map(({ controlFd }) => controlFd);
    const opened = client.expect("openAt", { fd: fds[2] ?? before[0], flags: 2 }).openFd;
    expect(descriptorsOf(server)).toHaveLength(before[1] + 4);
    client.expect("close", { fds: [...fds, opened] });
    expect(descriptorsOf(server)).toHaveLength(before[1]);
  });

  test("are all closed on exec", () => {
    using server = new HostServer();
    writeFileSync(server.path("file"), "x");
    const { root, client } = server;
    const create = { dirFd: root, ...nobody, mode: 0o600, flags: 2 };
    client.expect("openCreateAt", { ...create, name: byteStringOf("new") });
    client.expect("openAt", { fd: server.walk("file"), flags: 0 });
    const inherited = openDescriptors().filter((descriptor) => {
      const served = descriptor.includes(server.directory) || descriptor.includes("/proc/");
      return served && !isClosedOnExec(Number.parseInt(descriptor, 10));
    });
    expect(inherited).toEqual([]);
  });

  test("stay as many, whatever fails", () => {
    using server = new HostServer();
    writeFileSync(server.path("file"), "x");
    mkdirSync(server.path("directory"));
    const { root, client } = server;
    const file = server.walk("file");
    const before = descriptorsOf(server);
    const there = byteStringOf("file");
    const creation = { dirFd: root, ...nobody, mode: 0o600, name: there };
    const walk = (...path: string[]) => ({ dirFd: root, path: path.map(byteStringOf) });
    const names = { oldName: there, newName: byteStringOf("directory") };
    expect([
      client.call("walk", walk("directory", "..")),
      client.call("walk", walk("directory", "x".repeat(256))),
      client.call("walk", walk("file", "x")),
      client.call("walkStat", walk("file", "x")),
      client.call("openCreateAt", { ...creation, flags: 0 }),
      client.call("mkdirAt", creation),
      client.call("mknodAt", { ...creation, mode: 0o100600, minor: 0, major: 0 }),
      client.call("symlinkAt", { ...creation, linkTarget: there }),
      client.call("linkAt", { dirFd: root, linkedFd: file, name: there }),
      client.call("renameAt", { oldDir: root, newDir: root, ...names }),
      client.call("openAt", { fd: root, flags: 1 }),
    ]).toEqual([
      "EINVAL",
      "ENAMETOOLONG",
      "ENOTDIR",
      "ENOTDIR",
      "EEXIST",
      "EEXIST",
      "EEXIST",
      "EEXIST",
      "EEXIST",
      "EISDIR",
      "EISDIR",
    ]);
    client.expect("walkStat", walk("", "directory"));
    client.expect("walkStat", walk("directory", "missing"));
    expect(descriptorsOf(server)).toEqual(before);
  });

  test("are closed with the connection, whatever its client had open", () => {
    using server = new HostServer();
    mkdirSync(server.path("directory"));
    writeFileSync(server.path("file"), "x");
    server.open("file", 2);
    server.open("directory", 0);
    const setStat = { mode: 0, uid: 0, gid: 0, size: 0, atimeSec: 0, atimeNsec: 0, mtimeSec: 0, mtimeNsec: 0 };
    server.client.expect("setStat", { fd: server.walk("file"), mask: 0x200, ...setStat });
    expect(descriptorsOf(server).length).toBeGreaterThan(5);
    server.client[Symbol.dispose]();
    expect(descriptorsOf(server)).toEqual([]);
  });

  test("that the client has been given are its own", () => {
    using server = new HostServer();
    writeFileSync(server.path("file"), "x");
    const answer = server.client.call("openAt", { fd: server.walk("file"), flags: 0 });
    if (typeof answer === "string") throw new Error(answer);
    server.client.expect("close", { fds: [answer.reply.openFd] });
    expect(answer.fds.map((fd) => fstatSync(fd).size)).toEqual([1]);
    for (const fd of answer.fds) takeAndClose(fd);
  });

  /** A reply that cannot be sent yet still names a descriptor; the client can close what that belongs to over a channel. */
  test("that go along with a reply are those of the file asked for, even when it is closed before the reply is read", () => {
    using server = new HostServer();
    writeFileSync(server.path("asked for"), "asked for");
    writeFileSync(server.path("other"), "other");
    const { client } = server;
    const asked = server.walk("asked for");
    const other = server.walk("other");
    using channel = ChannelClient.open(client, () => server.server.turn());
    const request = client.encode("openAt", { fd: asked, flags: 0 });
    const requests = 600;
    client.send(Buffer.concat(Array.from({ length: requests }, () => request)));
    for (let turns = 0; turns < requests; turns++) server.server.turn();
    // Whatever has been opened so far, the last of it without having been told to the client.
    const guesses = Array.from({ length: 2 * requests }, (_, place) => place as FdId);
    const spared = new Set<number>([server.root, asked, other]);
    channel.call("close", { fds: guesses.filter((guess) => !spared.has(guess)) });
    for (let opened = 0; opened < 10; opened++) {
      const answer = channel.call("openAt", { fd: other, flags: 0 });
      if (typeof answer === "string") throw new Error(answer);
      for (const fd of answer.fds) takeAndClose(fd);
    }
    const inode = statSync(server.path("asked for")).ino;
    for (let reply = 0; reply < requests; reply++) {
      const answer = client.next("openAt");
      if (typeof answer === "string") throw new Error(answer);
      expect(answer.fds.map((fd) => fstatSync(fd).ino)).toEqual([inode]);
      for (const fd of answer.fds) takeAndClose(fd);
    }
  });
});

describe("a server without descriptors to spare", () => {
  test("answers EMFILE, leaves nothing behind, and goes on once there are some", async () => {
    using directory = new TemporaryDirectory();
    mkdirSync(directory.join("directory"));
    writeFileSync(directory.join("file"), "x");
    await using server = new ServerSubprocess(directory.path, { fds: 64 });
    const { client } = server;
    const root = client.expect("mount", undefined).root.controlFd;
    const file = client.expect("walk", { dirFd: root, path: [byteStringOf("file")] }).inodes[0]?.controlFd ?? root;
    const held: FdId[] = [];
    for (;;) {
      const answer = client.call("walk", { dirFd: root, path: [byteStringOf("directory")] });
      if (typeof answer === "string") {
        expect(answer).toBe("EMFILE");
        break;
      }
      held.push(...answer.reply.inodes.map(({ controlFd }) => controlFd));
    }
    expect(held.length).toBeGreaterThan(10);
    const creation = { dirFd: root, ...nobody, mode: 0o600, name: byteStringOf("new") };
    const everything = () => [
      client.call("openAt", { fd: file, flags: 0 }),
      client.call("openCreateAt", { ...creation, flags: 0 }),
      client.call("mkdirAt", creation),
      client.call("mknodAt", { ...creation, mode: 0o100600, minor: 0, major: 0 }),
      client.call("symlinkAt", { ...creation, linkTarget: byteStringOf("x") }),
      client.call("linkAt", { dirFd: root, linkedFd: file, name: byteStringOf("new") }),
      client.call("walkStat", { dirFd: root, path: [byteStringOf("file")] }),
      client.call("mount", undefined),
    ];
    for (const answer of everything()) expect(answer).toBe("EMFILE");
    // One to spare is not enough for all of them, and what was made by half is taken away again.
    client.expect("close", { fds: held.splice(0, 1) });
    expect(client.call("openCreateAt", { ...creation, flags: 0 })).toBe("EMFILE");
    expect(client.call("channel", undefined)).toBe("EMFILE");
    expect(readdirSync(directory.path).toSorted()).toEqual(["directory", "file"]);
    expect(client.call("fStat", { fd: file })).not.toBeString();
    client.expect("close", { fds: held });
    const created = client.call("openCreateAt", { ...creation, flags: 0 });
    if (typeof created === "string") throw new Error(created);
    for (const fd of created.fds) takeAndClose(fd);
    const { log } = await server.end();
    expect(log).toEqual([]);
  });
});
