import { describe, expect } from "bun:test";
import type { ByteString } from "../../ffi/byte-string.ts";
import type { FdId } from "../../src/wire/integers.ts";
import { type AttackConnection, frameOf } from "./support/attack-connection.ts";
import { attackTest } from "./support/attack-test.ts";
import { requestOf } from "./support/hostile-requests.ts";

const globalFlags = ["--host-uds=all", "--host-fifo=open"];

function walk(connection: AttackConnection, name: string): FdId {
  const { inodes } = connection.expect("walk", { dirFd: connection.root, path: [name as ByteString] });
  return inodes[0]?.controlFd ?? connection.root;
}

describe("a client that makes the gofer wait", () => {
  attackTest(
    "for a socket that nobody accepts at holds up nobody else",
    { connections: 6, globalFlags },
    ({ gofer }) => {
      const connections = gofer.connect();
      for (const [index, connection] of connections.entries()) {
        const fd = walk(connection, "socket");
        for (let requests = 0; requests < 10; requests++) {
          connection.socket.offer(frameOf(requestOf("connect", { fd, sockType: 1 })));
          connection.socket.offer(frameOf(requestOf("connectWithCreds", { fd, sockType: 1, uid: 7, gid: 7 })));
        }
        // A rename waits for all that goes on, and everything else for the rename.
        const name = `renamed-${index}` as ByteString;
        const rename = {
          oldDir: connection.root,
          newDir: connection.root,
          oldName: "empty" as ByteString,
          newName: name,
        };
        connection.socket.offer(frameOf(requestOf("renameAt", rename)));
        gofer.look();
      }
      for (const connection of connections) {
        const replies = connection.socket.replies(21);
        expect(replies).toHaveLength(21);
        for (const reply of replies) connection.takeReply(reply);
      }
    },
  );

  attackTest("for a FIFO with no peer holds up nobody", { connections: 2, globalFlags }, ({ gofer }) => {
    for (const connection of gofer.connect()) {
      const fd = walk(connection, "fifo");
      for (const flags of [0, 1, 2]) {
        connection.call("openAt", { fd, flags });
        gofer.look();
      }
      for (const opened of connection.fds.all) {
        connection.call("pRead", { offset: 0, fd: opened, count: 10 });
        connection.call("pWrite", { offset: 0, fd: opened, data: { at: 0, length: 10 } });
        connection.call("fSync", { fds: [opened] });
        gofer.look();
      }
    }
  });

  attackTest("and goes while it does leaves nothing", { connections: 30, globalFlags }, ({ gofer }) => {
    for (const connection of gofer.connect()) {
      const fd = walk(connection, "large");
      const { openFd } = connection.expect("openAt", { fd, flags: 2 });
      expect(connection.openChannel()).toBe(true);
      const requests = [
        requestOf("fSync", { fds: [openFd, openFd, openFd] }),
        requestOf("fAllocate", { fd: openFd, mode: 0, offset: 0, length: 1_000_000 }),
        requestOf("close", { fds: [openFd, fd] }),
      ];
      for (const request of requests) connection.socket.offer(frameOf(request));
      connection[Symbol.dispose]();
      gofer.look();
    }
  });
});

describe("requests that are the most expensive of their kind", () => {
  attackTest("from many at once hold up nobody for long", { connections: 8 }, ({ gofer }) => {
    const connections = gofer.connect();
    const [first] = connections;
    if (first === undefined) throw new Error("a connection is wanted");
    // A path as deep as one request can go.
    const depth = 13_000;
    const name = "d" as ByteString;
    let dirFd = first.root;
    for (let level = 0; level < depth; level++) {
      const before = dirFd;
      dirFd = first.expect("mkdirAt", { dirFd, uid: 0, gid: 0, mode: 0o755, name }).child.controlFd;
      if (before !== first.root) first.expect("close", { fds: [before] });
    }
    const path = Array.from({ length: depth }, () => name);
    const walks = connections.map(({ root }) => frameOf(requestOf("walkStat", { dirFd: root, path })));
    for (const [index, { socket }] of connections.entries()) {
      for (let requests = 0; requests < 4; requests++) socket.offer(walks[index] ?? new Uint8Array());
    }
    for (let looks = 0; looks < 20; looks++) gofer.look();
  });
});
