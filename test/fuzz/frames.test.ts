import { describe, expect } from "bun:test";
import type { ByteString } from "../../ffi/byte-string.ts";
import { payloadBytesMax } from "../../src/wire/limits.ts";
import { messages } from "../../src/wire/messages.ts";
import { headerOf } from "../unit/support/frame-server.ts";
import { type AttackConnection, frameOf } from "./support/attack-connection.ts";
import { attackTest } from "./support/attack-test.ts";
import { bounds } from "./support/bounds.ts";
import { requestOf } from "./support/hostile-requests.ts";
import type { HostileRequest } from "./support/mutations.ts";

const mebibyte = 1024 * 1024;
const claims = [payloadBytesMax + 1, 16 * mebibyte, 256 * mebibyte, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 8, 2 ** 32 - 1];

/** What the gofer says to a request. */
function outcome(connection: AttackConnection, request: HostileRequest): string {
  const [answer = "nothing"] = connection.exchange([request]);
  return typeof answer === "string" ? answer : answer.name;
}

/** A large file, opened for reading. */
function openLargeFile(connection: AttackConnection): ReturnType<typeof requestOf> {
  const { inodes } = connection.expect("walk", { dirFd: connection.root, path: ["large" as ByteString] });
  const fd = inodes[0]?.controlFd ?? connection.root;
  const { openFd } = connection.expect("openAt", { fd, flags: 0 });
  return requestOf("pRead", { offset: 0, fd: openFd, count: mebibyte });
}

describe("a header that claims more than a message may have", () => {
  attackTest("and no more follows costs nothing", { connections: claims.length }, ({ gofer }) => {
    const connections = gofer.connect();
    for (const [index, connection] of connections.entries()) {
      connection.socket.offer(headerOf(messages.walk.id, claims[index] ?? 0));
      gofer.check();
    }
  });

  attackTest("and much follows costs nothing", { connections: claims.length }, ({ gofer }) => {
    const connections = gofer.connect();
    // Where a claim is met, what follows is a header again, that claims even more.
    const chunk = new Uint8Array(mebibyte).fill(0xff);
    for (const [index, connection] of connections.entries()) {
      connection.socket.offer(headerOf(messages.walk.id, claims[index] ?? 0));
      for (let chunks = 0; chunks < 20; chunks++) {
        connection.socket.send(chunk);
        gofer.look();
      }
      gofer.check();
    }
  });

  attackTest("and all of it follows is answered EIO, and the connection lives", { connections: 2 }, ({ gofer }) => {
    for (const [index, connection] of gofer.connect().entries()) {
      const payload = new Uint8Array(claims[index] ?? 0);
      expect(outcome(connection, { messageId: messages.walk.id, payload })).toBe("EIO");
      expect(outcome(connection, requestOf("fStat", { fd: connection.root }))).toBe("fStat");
    }
  });
});

describe("frames", () => {
  attackTest("in pieces of any size are requests like others", { connections: 1 }, ({ gofer }) => {
    const connection = gofer.connectOne();
    const frame = frameOf(requestOf("walk", { dirFd: connection.root, path: ["dir", "deep"] as ByteString[] }));
    for (let split = 0; split <= frame.length; split++) {
      connection.socket.send(frame.subarray(0, split));
      gofer.look();
      connection.socket.send(frame.subarray(split));
      for (const reply of connection.socket.replies(1)) expect(reply.messageId).toBe(messages.walk.id);
    }
    for (const byte of frame) connection.socket.send(Uint8Array.of(byte));
    for (const reply of connection.socket.replies(1)) expect(reply.messageId).toBe(messages.walk.id);
  });

  attackTest("in hundreds of thousands of pieces use up nothing", { connections: 4 }, ({ gofer }) => {
    const connections = gofer.connect();
    const pieces = 400_000;
    for (const { socket } of connections) socket.send(headerOf(messages.walk.id, 2 * pieces));
    for (let sent = 0; sent < pieces; sent++) {
      for (const { socket } of connections) socket.offer(Uint8Array.of(0));
    }
    expect(gofer.grownBytes).toBeLessThan(bounds.idleGrowthBytesMax);
  });

  attackTest("run together are answered one by one", { connections: 2 }, ({ gofer }) => {
    for (const connection of gofer.connect()) {
      const request = requestOf("fStat", { fd: connection.root });
      const unknown: HostileRequest = { messageId: 999, payload: new Uint8Array(70_000) };
      const requests = Array.from({ length: 20_000 }, (_, index) => (index % 100 === 0 ? unknown : request));
      const answers = connection.exchange(requests);
      expect(answers.filter((answer) => answer === "EOPNOTSUPP")).toHaveLength(200);
      expect(answers.filter((answer) => typeof answer !== "string")).toHaveLength(19_800);
    }
  });

  // What is answered later must not stop what has come in one piece with it.
  attackTest("behind one that takes its time are answered", { connections: 1 }, ({ gofer }) => {
    const connection = gofer.connectOne();
    expect(connection.openChannel()).toBe(true);
    const { inodes } = connection.expect("walk", { dirFd: connection.root, path: ["file" as ByteString] });
    const { openFd } = connection.expect("openAt", { fd: inodes[0]?.controlFd ?? connection.root, flags: 2 });
    const sync = requestOf("fSync", { fds: [openFd] });
    const long: HostileRequest = { messageId: messages.fStat.id, payload: new Uint8Array(70_000) };
    for (let round = 0; round < 50; round++) {
      expect(connection.exchange([sync, long, sync, long])).toHaveLength(4);
    }
  });

  attackTest("that end half-way with their connection leave nothing", { connections: 40 }, ({ gofer }) => {
    const connections = gofer.connect();
    for (const [index, connection] of connections.entries()) {
      const frame = frameOf(
        requestOf("mkdirAt", { dirFd: connection.root, uid: 0, gid: 0, mode: 0, name: "x" as ByteString }),
      );
      connection.socket.offer(frame.subarray(0, index % frame.length));
      connection[Symbol.dispose]();
      gofer.look();
    }
  });
});

describe("a count that is larger than its message", () => {
  attackTest("is answered EIO", { connections: 1 }, ({ gofer }) => {
    const connection = gofer.connectOne();
    expect(connection.openChannel()).toBe(true);
    const { root } = connection;
    const name = "name" as ByteString;
    const creation = { dirFd: root, uid: 0, gid: 0, mode: 0o755, name };
    // Where the count stands, from the end, in bytes.
    const cases: readonly (readonly [request: HostileRequest, fromEnd: number, bytes: 2 | 4])[] = [
      [requestOf("walk", { dirFd: root, path: [] }), 2, 2],
      [requestOf("walk", { dirFd: root, path: [name] }), 6, 2],
      [requestOf("walkStat", { dirFd: root, path: [name] }), 6, 2],
      [requestOf("walkStat", { dirFd: root, path: [name, name] }), 14, 2],
      [requestOf("close", { fds: [] }), 2, 2],
      [requestOf("fSync", { fds: [root] }), 10, 2],
      [requestOf("pWrite", { offset: 0, fd: root, data: { at: 0, length: 10 } }), 14, 4],
      [requestOf("mkdirAt", creation), 6, 2],
      [requestOf("openCreateAt", { ...creation, flags: 0 }), 6, 2],
      [requestOf("mknodAt", { ...creation, minor: 0, major: 0 }), 6, 2],
      [requestOf("symlinkAt", { dirFd: root, uid: 0, gid: 0, name, linkTarget: name }), 12, 2],
      [requestOf("symlinkAt", { dirFd: root, uid: 0, gid: 0, name, linkTarget: name }), 6, 2],
      [requestOf("linkAt", { dirFd: root, linkedFd: root, name }), 6, 2],
      [requestOf("unlinkAt", { dirFd: root, flags: 0, name }), 6, 2],
      [requestOf("renameAt", { oldDir: root, newDir: root, oldName: name, newName: name }), 12, 2],
      [requestOf("fGetXattr", { fd: root, bufferBytes: 0, name }), 6, 2],
      [requestOf("fSetXattr", { fd: root, flags: 0, name, value: new Uint8Array(4) }), 6, 2],
      [requestOf("fRemoveXattr", { fd: root, name }), 6, 2],
      [requestOf("bindAt", { ...creation, sockType: 1 }), 6, 2],
    ];
    const [channel] = connection.openChannels;
    for (const [request, fromEnd, bytes] of cases) {
      for (const count of [2 ** (8 * bytes) - 1, 2 ** (8 * bytes - 1), 300]) {
        const payload = Buffer.from(request.payload);
        payload.writeUIntLE(count, payload.length - fromEnd, bytes);
        const spoilt = { ...request, payload };
        expect([request.messageId, outcome(connection, spoilt)]).toEqual([request.messageId, "EIO"]);
        if (channel !== undefined) expect(connection.exchangeOn(channel, spoilt)).toBe("EIO");
      }
    }
  });
});

describe("a peer that does not read", () => {
  attackTest("holds up nobody else, and gets all replies when it reads", { connections: 4 }, ({ gofer }) => {
    const connections = gofer.connect();
    const reads = connections.map(openLargeFile);
    const requestsEach = 60;
    for (const [index, { socket }] of connections.entries()) {
      for (let sent = 0; sent < requestsEach; sent++) socket.offer(frameOf(reads[index] as HostileRequest));
    }
    for (let looks = 0; looks < 200; looks++) gofer.look();
    for (const { socket } of connections) {
      const replies = socket.replies(requestsEach);
      expect(replies).toHaveLength(requestsEach);
      for (const { messageId, payload } of replies) expect([messageId, payload.length]).toEqual([12, mebibyte + 8]);
    }
  });

  attackTest("and goes half-way through a reply leaves nothing", { connections: 20 }, ({ gofer }) => {
    for (const connection of gofer.connect()) {
      const read = openLargeFile(connection);
      for (let sent = 0; sent < 3; sent++) connection.socket.offer(frameOf(read));
      connection.socket.receive();
      connection[Symbol.dispose]();
      gofer.look();
    }
  });

  attackTest("but floods holds up nobody else", { connections: 12 }, ({ gofer }) => {
    const connections = gofer.connect();
    const floods = connections.map(({ root }) => {
      const request = requestOf("walkStat", { dirFd: root, path: ["dir", "deep", "deeper", "file"] as ByteString[] });
      return Buffer.concat(Array.from({ length: 1000 }, () => frameOf(request)));
    });
    for (let round = 0; round < 100; round++) {
      for (const [index, { socket }] of connections.entries()) socket.offer(floods[index] ?? new Uint8Array());
      gofer.look();
    }
  });
});
