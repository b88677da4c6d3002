import { describe, expect, test } from "bun:test";
import { fstatSync } from "node:fs";
import { memory } from "../../../ffi/arena.ts";
import type { ByteString } from "../../../ffi/byte-string.ts";
import { Errno, fail } from "../../../ffi/errno.ts";
import { openAt } from "../../../ffi/files.ts";
import { type HostFd, takeAndClose, workingDirectory } from "../../../ffi/host-fd.ts";
import { F_GETFL, O_CLOEXEC, O_RDONLY } from "../../../ffi/linux.ts";
import { syscalls } from "../../../ffi/syscalls.ts";
import { windowBytes } from "../../../src/transport/channel.ts";
import { payloadBytesMax } from "../../../src/wire/limits.ts";
import { messages } from "../../../src/wire/messages.ts";
import { type ChannelClient, channelState } from "../support/channel-client.ts";
import { echo, FrameServer, frame, textOfReply } from "../support/frame-server.ts";
import { openDescriptors } from "../support/host-server.ts";
import { must } from "../support/results.ts";

const message = 77;
const packetBytesMax = windowBytes - 16;

function openFile(path: string): HostFd {
  return must(openAt(workingDirectory, path as ByteString, O_RDONLY | O_CLOEXEC));
}

function turnOfEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function textOf(client: ChannelClient): string {
  return Buffer.from(client.reply().payload).toString("latin1");
}

describe("a channel", () => {
  test("answers the connection request by an empty object", () => {
    using server = new FrameServer();
    const { client } = server.openChannel(echo);
    expect(client.connect("{}\n")).toBe("{}\n");
    expect(client.state).toBe(channelState.clientActive);
  });

  test("accepts whatever a later version of the protocol asks for", () => {
    using server = new FrameServer();
    const { client } = server.openChannel(echo);
    expect(client.connect('{"some":"option"}\n')).toBe("{}\n");
  });

  test("serves one request after the other", () => {
    using server = new FrameServer();
    const { client } = server.openChannel(echo);
    client.connect();
    for (const text of ["first", "", "second"]) {
      client.post(message, text);
      expect(client.reply()).toEqual({ messageId: message, payload: Buffer.from(text), fds: [] });
    }
  });

  test("takes and gives the largest payload", () => {
    using server = new FrameServer();
    const { client } = server.openChannel(echo);
    client.connect();
    const payload = new Uint8Array(payloadBytesMax).fill(0x5a);
    client.post(message, payload);
    expect(Buffer.from(client.reply().payload).equals(payload)).toBe(true);
  });

  test("answers a handler's error number by an Error message", () => {
    using server = new FrameServer();
    const { client } = server.openChannel(() => -Errno.ENOTDIR);
    client.connect();
    client.post(message, "?");
    const { messageId, payload } = client.reply();
    expect([messageId, new DataView(payload.buffer).getUint32(0, true)]).toEqual([messages.error.id, Errno.ENOTDIR]);
  });

  test("works beside others, each with memory of its own", () => {
    using server = new FrameServer();
    const channels = ["a", "b", "c"].map((name) => ({ name, client: server.openChannel(echo).client }));
    for (const { client } of channels) client.connect();
    for (const { name, client } of channels) client.post(message, name);
    expect(channels.map(({ client }) => textOf(client))).toEqual(["a", "b", "c"]);
  });

  test("answers later when its handler does, while others go on", async () => {
    using server = new FrameServer();
    const { promise, resolve } = Promise.withResolvers<number>();
    const slow = server.openChannel(() => promise).client;
    const quick = server.openChannel(echo).client;
    slow.connect();
    quick.connect();
    slow.post(message, "slow");
    expect(slow.state).toBe(channelState.serverActive);
    quick.post(message, "quick");
    expect(textOf(quick)).toBe("quick");
    expect(slow.state).toBe(channelState.serverActive);
    resolve("slow".length);
    await turnOfEventLoop();
    expect(textOf(slow)).toBe("slow");
  });

  test("asks its handler once for each request, however often the loop turns meanwhile", async () => {
    using server = new FrameServer();
    const { promise, resolve } = Promise.withResolvers<number>();
    let asked = 0;
    const { client } = server.openChannel(() => {
      asked++;
      return promise;
    });
    client.connect();
    client.post(message);
    for (let turns = 0; turns < 5; turns++) server.turn();
    resolve(0);
    await turnOfEventLoop();
    for (let turns = 0; turns < 5; turns++) server.turn();
    expect(asked).toBe(1);
  });
});

describe("descriptors with a channel's reply", () => {
  test("go over its socket before the turn is given away, one a message, and the header counts them", () => {
    using server = new FrameServer();
    const lent = openFile("/dev/null");
    const donated = openFile("/dev/zero");
    const inodes = [lent, donated].map((fd) => fstatSync(fd).ino);
    const { client } = server.openChannel((communicator) => {
      communicator.lend(lent);
      communicator.donate(donated);
      return 0;
    });
    client.connect();
    client.post(message);
    expect(syscalls.fcntl(donated, F_GETFL, 0)).toBe(-Errno.EBADF);
    const { fds } = client.reply();
    expect(fds.map((fd) => fstatSync(fd).ino)).toEqual(inodes);
    expect(client.receiveNothing()).toBe(fail(Errno.EAGAIN));
    for (const fd of [lent, ...fds]) takeAndClose(fd);
  });

  test("do not go along with an error, and are closed", () => {
    using server = new FrameServer();
    const donated = openFile("/dev/zero");
    const { client } = server.openChannel((communicator) => {
      communicator.donate(donated);
      return -Errno.EIO;
    });
    client.connect();
    client.post(message);
    expect(client.reply().fds).toEqual([]);
    expect(client.receiveNothing()).toBe(fail(Errno.EAGAIN));
    expect(syscalls.fcntl(donated, F_GETFL, 0)).toBe(-Errno.EBADF);
  });

  test("that a client does not fetch are left out once its socket is full, and the replies are good", () => {
    const before = openDescriptors();
    {
      using server = new FrameServer();
      const { client } = server.openChannel((communicator) => {
        communicator.donate(openFile("/dev/null"));
        return 0;
      });
      client.connect();
      let counted = 1;
      for (let requests = 0; counted > 0 && requests < 5000; requests++) {
        client.post(message);
        expect(client.state).toBe(channelState.clientActive);
        const fdCountAt = client.payloadAt - 2;
        counted = memory.u8[fdCountAt] ?? 0;
      }
      expect(counted).toBe(0);
    }
    expect(openDescriptors()).toEqual(before);
  });
});

describe("a channel whose client lies", () => {
  test.each([
    ["shorter than its header", 3],
    ["of no bytes", 0],
    ["longer than the window", packetBytesMax + 1],
    ["of 2^32 − 1 bytes", 2 ** 32 - 1],
  ])("with a packet %s is shut down", (_what, packetBytes) => {
    using server = new FrameServer();
    let asked = 0;
    const { client, channel } = server.openChannel(() => {
      asked++;
      return 0;
    });
    client.connect();
    client.post(message, "", packetBytes);
    expect([client.state, channel.isEnded, asked]).toEqual([channelState.shutDown, true, 0]);
  });

  test("about the length of its connection request is shut down", () => {
    using server = new FrameServer();
    const { client, channel } = server.openChannel(echo);
    client.packetBytes = packetBytesMax + 1;
    client.state = channelState.serverActive;
    server.turn();
    expect([client.state, channel.isEnded]).toEqual([channelState.shutDown, true]);
  });

  test.each([-1, 3, 77, 2 ** 31 - 1])("with the state word %p is shut down", (state) => {
    using server = new FrameServer();
    const { client, channel } = server.openChannel(echo);
    client.connect();
    client.state = state;
    server.turn();
    expect([client.state, channel.isEnded]).toEqual([channelState.shutDown, true]);
  });

  test("and takes the turn back while a request is at work is shut down when that has answered", async () => {
    using server = new FrameServer();
    const { promise, resolve } = Promise.withResolvers<number>();
    const { client, channel } = server.openChannel(() => promise);
    client.connect();
    client.post(message);
    client.state = channelState.clientActive;
    resolve(0);
    await turnOfEventLoop();
    expect([client.state, channel.isEnded]).toEqual([channelState.shutDown, true]);
  });

  test("about the length while its request is served cannot lengthen the request", () => {
    using server = new FrameServer();
    const lengths: number[] = [];
    const { client } = server.openChannel((_communicator, _message, length) => {
      client.packetBytes = packetBytesMax;
      lengths.push(length);
      return length;
    });
    client.connect();
    client.post(message, "four");
    expect(lengths).toEqual([4]);
    expect(client.reply().payload).toHaveLength(4);
  });

  test("harms no other channel and no socket", () => {
    using server = new FrameServer();
    const liar = server.openChannel(echo).client;
    const honest = server.openChannel(echo).client;
    const socket = server.connect(echo).client;
    liar.connect();
    honest.connect();
    liar.post(message, "", 2 ** 32 - 1);
    honest.post(message, "honest");
    expect(textOf(honest)).toBe("honest");
    socket.send(frame(message, "socket"));
    expect(textOfReply(socket)).toBe("socket");
  });
});

describe("the end of a channel", () => {
  test("by the client's word is noticed", () => {
    using server = new FrameServer();
    const { client, channel } = server.openChannel(echo);
    client.connect();
    client.state = channelState.shutDown;
    server.turn();
    expect(channel.isEnded).toBe(true);
  });

  test("by the server is written where the client looks", () => {
    using server = new FrameServer();
    const { client, channel } = server.openChannel(echo);
    client.connect();
    channel.shutDown();
    expect(client.state).toBe(channelState.shutDown);
  });

  test("leaves a request at work unanswered and its descriptors closed", async () => {
    using server = new FrameServer();
    const { promise, resolve } = Promise.withResolvers<number>();
    const donated = openFile("/dev/zero");
    const { client, channel } = server.openChannel((communicator) => {
      communicator.donate(donated);
      return promise;
    });
    client.connect();
    client.post(message);
    channel.shutDown();
    resolve(0);
    await turnOfEventLoop();
    expect(client.state).toBe(channelState.shutDown);
    expect(client.receiveNothing()).toBe(fail(Errno.EAGAIN));
    expect(syscalls.fcntl(donated, F_GETFL, 0)).toBe(-Errno.EBADF);
  });

  test("gives its memory back, empty", () => {
    using server = new FrameServer();
    const { client } = server.openChannel(echo);
    client.connect();
    client.post(message, "secret");
    client[Symbol.dispose]();
    expect(memory.buffer.toString("latin1", client.payloadAt, client.payloadAt + 6)).toBe("\0\0\0\0\0\0");
  });
});
