import { describe, expect, test } from "bun:test";
import { existsSync, lstatSync, mkdirSync, readdirSync } from "node:fs";
import { allocateStaticMemory } from "../../../ffi/arena.ts";
import { byteStringOf } from "../../../ffi/byte-string.ts";
import { Errno, fail } from "../../../ffi/errno.ts";
import { type HostFd, OwnedFd, takeAndClose } from "../../../ffi/host-fd.ts";
import { F_GETFL, MSG_DONTWAIT, O_NONBLOCK, SOCK_STREAM } from "../../../ffi/linux.ts";
import { receiveInto, sendFrom } from "../../../ffi/sockets.ts";
import { syscalls } from "../../../ffi/syscalls.ts";
import { acceptFrom, bindTo, createUnixSocket, listenOn, UnixAddress } from "../../../ffi/unix-sockets.ts";
import type { FdId } from "../../../src/wire/integers.ts";
import { noId } from "../../../src/wire/records.ts";
import { HostServer } from "../support/host-server.ts";
import { must } from "../support/results.ts";
import { createSocket } from "../support/special-files.ts";

const stream = 1;
const datagram = 2;
const raw = 3;
const packets = 5;
const at = allocateStaticMemory(64);
const all = { open: true, create: true };

function listener(path: string): OwnedFd {
  const socket = must(createUnixSocket(SOCK_STREAM));
  using address = must(UnixAddress.of(byteStringOf(path)));
  must(bindTo(socket, address));
  must(listenOn(socket, 5));
  return new OwnedFd(socket);
}

async function connect(server: HostServer, fd: FdId, sockType = stream): Promise<HostFd | string> {
  const answer = await server.client.callLater("connect", { fd, sockType });
  if (typeof answer === "string") return answer;
  const [socket] = answer.fds;
  if (socket === undefined || answer.fds.length !== 1) throw new Error(`${answer.fds.length} descriptors`);
  return socket;
}

function bind(server: HostServer, name: string, sockType = stream, dirFd = server.root) {
  const request = { dirFd, uid: noId, gid: noId, mode: 0o140751, sockType, name: byteStringOf(name) };
  return server.client.call("bindAt", request);
}

describe("connecting to a socket of the host", () => {
  test("gives the client the connected end, nonblocking", async () => {
    using server = new HostServer({ hostUds: all });
    using listening = listener(server.path("socket"));
    const socket = await connect(server, server.walk("socket"));
    if (typeof socket === "string") throw new Error(socket);
    expect(syscalls.fcntl(socket, F_GETFL, 0) & O_NONBLOCK).toBe(O_NONBLOCK);
    using accepted = new OwnedFd(must(acceptFrom(listening.borrow())));
    sendFrom(accepted.borrow(), at, 7, [], MSG_DONTWAIT);
    expect(receiveInto(socket, at, 64)).toBe(7);
    takeAndClose(socket);
  });

  test("as somebody else gives the same", async () => {
    using server = new HostServer({ hostUds: all });
    using _listening = listener(server.path("socket"));
    const request = { fd: server.walk("socket"), sockType: stream, uid: process.getuid?.() ?? 0, gid: 4321 };
    const answer = await server.client.callLater("connectWithCreds", request);
    if (typeof answer === "string") throw new Error(answer);
    expect(answer.fds).toHaveLength(1);
    for (const fd of answer.fds) takeAndClose(fd);
  });

  test.each([0, raw, 77, 2 ** 32 - 1])("of type %p is answered ENXIO", async (sockType) => {
    using server = new HostServer({ hostUds: all });
    using _listening = listener(server.path("socket"));
    expect(await connect(server, server.walk("socket"), sockType)).toBe("ENXIO");
  });

  test("is answered as the host answers", async () => {
    using server = new HostServer({ hostUds: all });
    using _listening = listener(server.path("socket"));
    createSocket(server.path("deaf"));
    expect(await connect(server, server.walk("socket"), datagram)).toBe("EPROTOTYPE");
    expect(await connect(server, server.walk("deaf"))).toBe("ECONNREFUSED");
  });

  test("by a path longer than an address takes is answered EINVAL", async () => {
    using server = new HostServer({ hostUds: all });
    const long = "x".repeat(108 - server.directory.length - 2);
    mkdirSync(server.path(long));
    createSocket(server.path("socket"));
    const names = { oldName: byteStringOf("socket"), newName: byteStringOf("socket") };
    const request = { oldDir: server.root, newDir: server.walk(long), ...names };
    server.client.expect("renameAt", request);
    expect(await connect(server, server.walk(`${long}/socket`))).toBe("EINVAL");
  });

  test("is refused without leave: EPERM, and a warning that says how to allow it", async () => {
    using server = new HostServer({ hostUds: { open: false, create: true } });
    using _listening = listener(server.path("socket"));
    expect(await connect(server, server.walk("socket"))).toBe("EPERM");
    expect(server.log.entries).toHaveLength(1);
    expect(server.log.entries[0]).toContain("--host-uds=open");
  });
});

describe("binding a socket", () => {
  test("makes its file, with the permissions asked for, and gives the client the socket", () => {
    using server = new HostServer({ hostUds: all });
    const umask = process.umask(0);
    const answer = bind(server, "new");
    process.umask(umask);
    if (typeof answer === "string") throw new Error(answer);
    const { mode, ino } = lstatSync(server.path("new"), { bigint: true });
    expect(mode).toBe(0o140751n);
    expect(BigInt(answer.reply.child.stat.ino)).toBe(ino);
    expect(BigInt(answer.reply.child.stat.mode)).toBe(mode);
    expect(answer.fds).toHaveLength(1);
    for (const fd of answer.fds) takeAndClose(fd);
  });

  test("lets the client listen and accept", async () => {
    using server = new HostServer({ hostUds: all });
    const answer = bind(server, "new");
    if (typeof answer === "string") throw new Error(answer);
    for (const fd of answer.fds) takeAndClose(fd);
    const { child, boundSocketFd } = answer.reply;
    expect(server.client.call("accept", { fd: boundSocketFd })).toBe("EINVAL");
    server.client.expect("listen", { fd: boundSocketFd, backlog: 5 });
    expect(server.client.call("accept", { fd: boundSocketFd })).toBe("EAGAIN");
    const peer = await connect(server, child.controlFd);
    if (typeof peer === "string") throw new Error(peer);
    const accepted = server.client.call("accept", { fd: boundSocketFd });
    if (typeof accepted === "string") throw new Error(accepted);
    expect([accepted.reply, accepted.fds.length]).toEqual([{ peerAddress: byteStringOf("") }, 1]);
    for (const fd of accepted.fds) {
      expect(sendFrom(fd, at, 3, [], MSG_DONTWAIT)).toBe(3);
      takeAndClose(fd);
    }
    expect(receiveInto(peer, at, 64)).toBe(3);
    takeAndClose(peer);
  });

  test("keeps the socket while either of its two FDs is open, and each goes once", () => {
    using server = new HostServer({ hostUds: all });
    const answer = bind(server, "new");
    if (typeof answer === "string") throw new Error(answer);
    for (const fd of answer.fds) takeAndClose(fd);
    const { child, boundSocketFd } = answer.reply;
    server.client.expect("close", { fds: [child.controlFd] });
    expect(server.client.call("listen", { fd: boundSocketFd, backlog: 1 })).not.toBeString();
    server.client.expect("close", { fds: [boundSocketFd] });
    expect(server.client.call("listen", { fd: boundSocketFd, backlog: 1 })).toBe("EBADF");
  });

  test.each([packets, datagram])("works for type %p as well", (type) => {
    using server = new HostServer({ hostUds: all });
    const answer = bind(server, "new", type);
    if (typeof answer === "string") throw new Error(answer);
    for (const fd of answer.fds) takeAndClose(fd);
  });

  test("that fails leaves nothing behind", () => {
    using server = new HostServer({ hostUds: all });
    expect(bind(server, "new", raw)).toBe("ENXIO");
    expect(bind(server, "x".repeat(108 - server.directory.length - 1))).toBe("EINVAL");
    createSocket(server.path("there"));
    expect(bind(server, "there")).toBe("EADDRINUSE");
    expect(readdirSync(server.directory)).toEqual(["there"]);
  });

  test("takes the longest path that an address takes", () => {
    using server = new HostServer({ hostUds: all });
    const answer = bind(server, "x".repeat(108 - server.directory.length - 2));
    if (typeof answer === "string") throw new Error(answer);
    for (const fd of answer.fds) takeAndClose(fd);
  });

  test("is refused without leave: EPERM, and a warning that says how to allow it", () => {
    using server = new HostServer({ hostUds: { open: true, create: false } });
    expect(bind(server, "new")).toBe("EPERM");
    expect(server.log.entries[0]).toContain("--host-uds=create");
    expect(existsSync(server.path("new"))).toBe(false);
  });
});

describe("the address of a Unix socket", () => {
  test("has no room for more than 107 bytes", () => {
    expect(UnixAddress.of(byteStringOf("x".repeat(108)))).toBe(fail(Errno.EINVAL));
    using address = must(UnixAddress.of(byteStringOf("x".repeat(107))));
    expect(address.bytes).toBe(110);
  });
});
