import { describe, expect, test } from "bun:test";
import { fstatSync } from "node:fs";
import { allocateStaticMemory, memory } from "../../../ffi/arena.ts";
import type { ByteString } from "../../../ffi/byte-string.ts";
import { Errno } from "../../../ffi/errno.ts";
import { openAt } from "../../../ffi/files.ts";
import { type HostFd, takeAndClose, workingDirectory } from "../../../ffi/host-fd.ts";
import { F_GETFL, MSG_DONTWAIT, O_CLOEXEC, O_NONBLOCK, O_RDONLY } from "../../../ffi/linux.ts";
import { sendFrom } from "../../../ffi/sockets.ts";
import { syscalls } from "../../../ffi/syscalls.ts";
import type { Communicator, Keeper } from "../../../src/transport/communicator.ts";
import { payloadBytesMax } from "../../../src/wire/limits.ts";
import { echo, FrameServer, frame, headerOf, replyText, textOfReply } from "../support/frame-server.ts";
import { openDescriptors } from "../support/host-server.ts";
import { must } from "../support/results.ts";

const message = 77;

function openFile(path: string): HostFd {
  return must(openAt(workingDirectory, path as ByteString, O_RDONLY | O_CLOEXEC));
}

function turnOfEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe("a peer that does not read", () => {
  test("holds up nobody else, and gets its reply whole once it reads", () => {
    using server = new FrameServer();
    const silent = server.connect(() => payloadBytesMax).client;
    const other = server.connect(echo).client;
    silent.send(frame(message));
    for (let request = 0; request < 10; request++) {
      other.send(frame(message, `request ${request}`));
      expect(textOfReply(other)).toBe(`request ${request}`);
    }
    expect(silent.receive().payload).toHaveLength(payloadBytesMax);
  });

  test("gets no second answer before it has taken the first", () => {
    using server = new FrameServer();
    let served = 0;
    const { client } = server.connect(() => {
      served++;
      return payloadBytesMax;
    });
    client.send(Buffer.concat([frame(message), frame(message)]));
    for (let turns = 0; turns < 5; turns++) server.turn();
    expect(served).toBe(1);
    client.receive();
    client.receive();
    expect(served).toBe(2);
  });
});

describe("a peer that goes away", () => {
  const partOfRequest = frame(message, "payload");

  test.each([0, 1, 7, 8, 9, partOfRequest.length - 1])("after %p bytes of a request ends its session", (bytes) => {
    using server = new FrameServer();
    const { client, session } = server.connect(echo);
    client.send(partOfRequest.subarray(0, bytes));
    expect(session.isEnded).toBe(false);
    client[Symbol.dispose]();
    expect(session.isEnded).toBe(true);
  });

  test("with its reply half sent ends its session", () => {
    using server = new FrameServer();
    const { client, session } = server.connect(() => payloadBytesMax);
    client.send(frame(message));
    client[Symbol.dispose]();
    expect(session.isEnded).toBe(true);
  });

  test("while its request is at work ends its session when the handler has answered", async () => {
    using server = new FrameServer();
    const { promise, resolve } = Promise.withResolvers<number>();
    const { client, session } = server.connect(() => promise);
    client.send(frame(message));
    client[Symbol.dispose]();
    server.turn();
    expect(session.isEnded).toBe(false);
    resolve(0);
    await turnOfEventLoop();
    server.turn();
    expect(session.isEnded).toBe(true);
  });

  test("together with another ends each session once", () => {
    using server = new FrameServer();
    const sessions = Array.from({ length: 5 }, () => server.connect(echo));
    for (const { client } of sessions) client.closeOnly();
    server.turn();
    expect(sessions.map(({ session }) => session.isEnded)).toEqual([true, true, true, true, true]);
  });
});

describe("a handler that answers later", () => {
  test("is answered for before the next request of its socket is looked at", async () => {
    using server = new FrameServer();
    const noted: string[] = [];
    const first = Promise.withResolvers<number>();
    const answers = [first.promise, 0];
    const { client } = server.connect(() => {
      noted.push("request");
      return answers.shift() ?? 0;
    });
    client.send(Buffer.concat([frame(message), frame(message)]));
    for (let turns = 0; turns < 5; turns++) server.turn();
    expect(noted).toHaveLength(1);
    first.resolve(0);
    await turnOfEventLoop();
    server.turn();
    expect(noted).toHaveLength(2);
    client.receive();
    client.receive();
  });

  test("holds up no other socket", () => {
    using server = new FrameServer();
    const waiting = server.connect(() => new Promise(() => {})).client;
    const other = server.connect(echo).client;
    waiting.send(frame(message));
    other.send(frame(message, "meanwhile"));
    expect(textOfReply(other)).toBe("meanwhile");
  });
});

/** A request's descriptors as seen from both ends. */
function gives(give: (communicator: Communicator) => void, answer = 0) {
  return (communicator: Communicator): number => {
    give(communicator);
    return answer;
  };
}

class CountingKeeper implements Keeper {
  held = 0;
  acquire(): void {
    this.held++;
  }
  release(): void {
    this.held--;
  }
}

describe("descriptors with a reply", () => {
  test("arrive in order; what was donated is closed, what was lent stays open", () => {
    using server = new FrameServer();
    const lent = openFile("/dev/null");
    const donated = openFile("/dev/zero");
    const keeper = new CountingKeeper();
    const { client } = server.connect(
      gives((communicator) => {
        communicator.lend(lent, keeper);
        communicator.donate(donated);
        expect(keeper.held).toBe(1);
      }),
    );
    const inodes = [lent, donated].map((fd) => fstatSync(fd).ino);
    const before = openDescriptors();
    client.send(frame(message));
    expect(openDescriptors()).toEqual(before.filter((descriptor) => !descriptor.startsWith(`${donated} `)));
    expect(keeper.held).toBe(0);
    const { fds } = client.receive();
    expect(fds.map((fd) => fstatSync(fd).ino)).toEqual(inodes);
    for (const fd of [lent, ...fds]) takeAndClose(fd);
  });

  test("are nonblocking, for everyone who shares the open file", () => {
    using server = new FrameServer();
    const lent = openFile("/dev/null");
    const { client } = server.connect(gives((communicator) => communicator.lend(lent)));
    client.send(frame(message));
    const { fds } = client.receive();
    for (const fd of [lent, ...fds]) {
      expect(syscalls.fcntl(fd, F_GETFL, 0) & O_NONBLOCK).toBe(O_NONBLOCK);
      takeAndClose(fd);
    }
  });

  test("do not go along with an error, and are closed", () => {
    using server = new FrameServer();
    const donated = openFile("/dev/zero");
    const keeper = new CountingKeeper();
    const { client } = server.connect(
      gives((communicator) => {
        communicator.donate(donated);
        communicator.lend(donated, keeper);
      }, -Errno.EIO),
    );
    client.send(frame(message));
    expect(client.receive().fds).toEqual([]);
    expect(syscalls.fcntl(donated, F_GETFL, 0)).toBe(-Errno.EBADF);
    expect(keeper.held).toBe(0);
  });

  test("are closed when the peer is gone before it could take them", async () => {
    using server = new FrameServer();
    const { promise, resolve } = Promise.withResolvers<number>();
    const donated = openFile("/dev/zero");
    const { client, session } = server.connect((communicator) => {
      communicator.donate(donated);
      return promise;
    });
    client.send(frame(message));
    client[Symbol.dispose]();
    resolve(0);
    await turnOfEventLoop();
    server.turn();
    expect(session.isEnded).toBe(true);
    expect(syscalls.fcntl(donated, F_GETFL, 0)).toBe(-Errno.EBADF);
  });

  test("come with the first part of a reply only", () => {
    using server = new FrameServer();
    const lent = openFile("/dev/null");
    const { client } = server.connect(gives((communicator) => communicator.lend(lent), payloadBytesMax));
    client.send(frame(message));
    const { payload, fds } = client.receive();
    expect([payload.length, fds.length]).toEqual([payloadBytesMax, 1]);
    for (const fd of [lent, ...fds]) takeAndClose(fd);
  });

  test("do not go along with the reply to the next request", () => {
    using server = new FrameServer();
    const lent = openFile("/dev/null");
    const gifts = [lent];
    const { client } = server.connect((communicator) => {
      for (const fd of gifts.splice(0)) communicator.lend(fd);
      return replyText(communicator, "reply");
    });
    client.send(Buffer.concat([frame(message), frame(message)]));
    expect([client.receive().fds.map(closed).length, client.receive().fds.length]).toEqual([1, 0]);
    takeAndClose(lent);
  });
});

function closed(fd: HostFd): HostFd {
  takeAndClose(fd);
  return fd;
}

describe("descriptors with a request", () => {
  test("are not kept, wherever in the request they come", () => {
    using server = new FrameServer();
    const { client } = server.connect(echo);
    const before = openDescriptors();
    const bytes = frame(message, "four");
    const at = allocateStaticMemory(bytes.length);
    memory.u8.set(bytes, at);
    for (let index = 0; index < bytes.length; index++) {
      must(sendFrom(client.socket, at + index, 1, [client.socket, client.socket], MSG_DONTWAIT));
      server.turn();
    }
    expect(textOfReply(client)).toBe("four");
    expect(openDescriptors()).toEqual(before);
  });

  test("are not kept when the request is thrown away", () => {
    using server = new FrameServer();
    const { client } = server.connect(echo);
    const before = openDescriptors();
    client.send(headerOf(message, payloadBytesMax + 1));
    const at = allocateStaticMemory(64);
    must(sendFrom(client.socket, at, 64, [client.socket], MSG_DONTWAIT));
    server.turn();
    expect(openDescriptors()).toEqual(before);
  });
});
