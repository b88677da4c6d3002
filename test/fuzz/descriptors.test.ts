import { describe, expect } from "bun:test";
import { allocateStaticMemory } from "../../ffi/arena.ts";
import type { ByteString } from "../../ffi/byte-string.ts";
import { Failure } from "../../ffi/errno.ts";
import { type HostFd, takeAndClose } from "../../ffi/host-fd.ts";
import { MSG_DONTWAIT, SOCK_STREAM } from "../../ffi/linux.ts";
import { messageFdsMax, sendFrom } from "../../ffi/sockets.ts";
import { waitUntilReadable } from "../../ffi/waiting.ts";
import type { FdId } from "../../src/wire/integers.ts";
import { type MessageName, messageNames, messages } from "../../src/wire/messages.ts";
import { patienceMillis, readToEnd, socketPair } from "../process/support/descriptors.ts";
import { type SampleFds, sampleRequests } from "../unit/support/sample-requests.ts";
import { type AttackConnection, frameOf } from "./support/attack-connection.ts";
import { attackTest } from "./support/attack-test.ts";
import { requestOf } from "./support/hostile-requests.ts";

/** A byte to send along with descriptors. */
const nothing = allocateStaticMemory(1);

/** Messages that name an FD that must be there. */
const fdMessages = messageNames.filter((name) => messages[name].target !== undefined || name === "fSync");

/** Messages that the stock backend serves nobody. */
const unsupported: readonly MessageName[] = ["flush"];

function everyFd(id: FdId): SampleFds {
  return { directory: id, file: id, link: id, socket: id, openFile: id, openDirectory: id, boundSocket: id };
}

/** One FD of each kind, and some more names for each. */
function openEachKind(connection: AttackConnection): SampleFds {
  const { root } = connection;
  const walk = (name: string): FdId => {
    const { inodes } = connection.expect("walk", { dirFd: root, path: [name as ByteString] });
    return inodes[0]?.controlFd ?? root;
  };
  const directory = walk("dir");
  const file = walk("file");
  const bound = {
    dirFd: root,
    uid: 0,
    gid: 0,
    mode: 0o755,
    sockType: 1,
    name: `bound-${connection.fds.all.length}` as ByteString,
  };
  return {
    directory,
    file,
    link: walk("to-canary"),
    socket: walk("socket"),
    openFile: connection.expect("openAt", { fd: file, flags: 2 }).openFd,
    openDirectory: connection.expect("openAt", { fd: directory, flags: 0 }).openFd,
    boundSocket: connection.expect("bindAt", bound).boundSocketFd,
  };
}

function answerTo(connection: AttackConnection, name: MessageName, fds: SampleFds): string {
  const [answer = "nothing"] = connection.exchange([requestOf(name, sampleRequests(fds)[name])]);
  return typeof answer === "string" ? answer : "success";
}

describe("an FDID", () => {
  const globalFlags = ["--host-uds=all"];

  attackTest("that was never given is answered EBADF", { connections: 1, globalFlags }, ({ gofer }) => {
    const connection = gofer.connectOne();
    for (const id of [0, 2, 77, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 52 + 1, 2 ** 53, 2 ** 63, 2 ** 64 - 2 ** 12]) {
      for (const name of fdMessages) {
        const expected = unsupported.includes(name) ? "EOPNOTSUPP" : "EBADF";
        expect([id, name, answerTo(connection, name, everyFd(id as FdId))]).toEqual([id, name, expected]);
      }
    }
  });

  attackTest(
    "that was closed is answered EBADF, whatever has taken its place",
    { connections: 1, globalFlags },
    (given) => {
      const connection = given.gofer.connectOne();
      const fds = openEachKind(connection);
      connection.expect("close", { fds: Object.values(fds) });
      openEachKind(connection);
      for (const name of fdMessages) {
        const expected = unsupported.includes(name) ? "EOPNOTSUPP" : "EBADF";
        expect([name, answerTo(connection, name, fds)]).toEqual([name, expected]);
      }
    },
  );

  attackTest("of the wrong kind is refused", { connections: 1, globalFlags }, ({ gofer }) => {
    const connection = gofer.connectOne();
    const fds = openEachKind(connection);
    const { openFile, openDirectory, boundSocket, ...controls } = fds;
    const kinds = { control: Object.values(controls), open: [openFile, openDirectory], boundSocket: [boundSocket] };
    for (const name of fdMessages.filter((message) => !unsupported.includes(message) && message !== "fSync")) {
      const wanted = messages[name].target?.kind;
      for (const [kind, ids] of Object.entries(kinds)) {
        if (kind === wanted || (wanted === "any" && kind !== "boundSocket")) continue;
        for (const id of ids)
          expect([name, kind, answerTo(connection, name, everyFd(id))]).toEqual([name, kind, "EINVAL"]);
      }
    }
  });

  attackTest(
    "may be given out as often as there are descriptors, and no more",
    { connections: 2, globalFlags: ["--fdlimit=200"] },
    (given) => {
      const { gofer } = given;
      const [connection, other] = gofer.connect();
      if (connection === undefined || other === undefined) throw new Error("two connections are wanted");
      for (let round = 0; round < 3; round++) {
        let answer: unknown;
        for (let walks = 0; walks < 400 && answer !== "EMFILE"; walks++) {
          answer = connection.call("walk", { dirFd: connection.root, path: ["dir", "deep", "file"] as ByteString[] });
          if (walks % 20 === 0) gofer.look();
        }
        expect(answer).toBe("EMFILE");
        for (const name of fdMessages) answerTo(other, name, everyFd(other.root));
        expect(other.openChannel()).toBe(false);
        gofer.check();
        connection.closeAllFds();
        connection.mount();
        expect(other.call("walk", { dirFd: other.root, path: ["dir", "deep", "file"] as ByteString[] })).toHaveProperty(
          "status",
          0,
        );
      }
      expect(other.openChannel()).toBe(true);
    },
  );
});

describe("a descriptor that the client sends", () => {
  attackTest("along with requests is closed", { connections: 2 }, ({ gofer }) => {
    const [ours, theirs] = socketPair(SOCK_STREAM);
    const fds: HostFd[] = Array.from({ length: messageFdsMax }, () => theirs);
    const before = gofer.descriptors.length;
    for (const { socket, root } of gofer.connect()) {
      const frame = frameOf(requestOf("fStat", { fd: root }));
      for (let requests = 0; requests < 500; requests++) {
        // With the header, and again with the payload.
        socket.offer(frame.subarray(0, 8), fds);
        socket.offer(frame.subarray(8), fds);
        expect(socket.replies(1)).toHaveLength(1);
      }
    }
    expect(gofer.descriptors.length).toBe(before + 2);
    takeAndClose(theirs);
    expect(waitUntilReadable(ours, patienceMillis)).toBe(true);
    expect(readToEnd(ours)).toBe("");
    takeAndClose(ours);
  });

  attackTest("on a channel's socket is never taken", { connections: 1 }, ({ gofer }) => {
    const connection = gofer.connectOne();
    const opened = connection.openUnconnectedChannel();
    if (typeof opened === "string") throw new Error(opened);
    opened.channel.connect();
    const before = gofer.descriptors.length;
    const [ours, theirs] = socketPair(SOCK_STREAM);
    const fds: HostFd[] = Array.from({ length: messageFdsMax }, () => theirs);
    let sent = 0;
    while (sent < 10_000 && !(sendFrom(opened.socket, nothing, 1, fds, MSG_DONTWAIT) instanceof Failure)) sent++;
    expect(sent).toBeGreaterThan(0);
    const request = requestOf("fStat", { fd: connection.root });
    expect(connection.exchangeOn(opened.channel, request)).toHaveProperty("name", "fStat");
    expect(gofer.descriptors.length).toBe(before);
    takeAndClose(theirs);
    connection[Symbol.dispose]();
    expect(readToEnd(ours)).toBe("");
    takeAndClose(ours);
  });
});
