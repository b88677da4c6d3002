import { describe, expect } from "bun:test";
import type { ByteString } from "../../ffi/byte-string.ts";
import { channelHeaderBytes, writeChannelHeader } from "../../src/wire/frame.ts";
import type { FdId } from "../../src/wire/integers.ts";
import { messages } from "../../src/wire/messages.ts";
import { channelState } from "../unit/support/channel-client.ts";
import type { AttackConnection, OpenedChannel } from "./support/attack-connection.ts";
import { attackTest } from "./support/attack-test.ts";
import { bounds } from "./support/bounds.ts";
import { BusyThread } from "./support/busy-thread.ts";
import { requestOf } from "./support/hostile-requests.ts";
import type { HostileRequest } from "./support/mutations.ts";
import { Random } from "./support/random.ts";
import { seed } from "./support/seed.ts";

const windowBytes = 2 * 1024 * 1024;
const packetOffset = 16;
const packetBytesMax = windowBytes - packetOffset;

/** As many as a connection gets on a machine with many processors. */
const channelsMax = 4;

function open(connection: AttackConnection, connects = true): OpenedChannel {
  const opened = connection.openUnconnectedChannel();
  if (typeof opened === "string") throw new Error(`no channel: ${opened}`);
  if (connects) opened.channel.connect();
  return opened;
}

function openAll(connection: AttackConnection): number {
  let opened = 0;
  while (opened <= channelsMax && connection.openChannel()) opened++;
  return opened;
}

/** A request as a channel's packet. */
function packetOf({ messageId, payload }: HostileRequest): Uint8Array {
  const packet = new Uint8Array(channelHeaderBytes + payload.length);
  writeChannelHeader({ u8: packet, view: new DataView(packet.buffer) }, 0, messageId, 0);
  packet.set(payload, channelHeaderBytes);
  return packet;
}

/** Packets that name things in the tree and outside, all of the same kinds of message. */
function packetsToFlip(root: FdId): Uint8Array[] {
  const names = [
    "file",
    "dir",
    "..",
    ".",
    "",
    "/",
    "to-canary",
    "../canary",
    "/canary/file",
    "made",
    "to-file",
    "fi\0e",
  ];
  const creation = { dirFd: root, uid: 0, gid: 0, mode: 0o777 };
  return (names as ByteString[]).flatMap((name) =>
    [
      requestOf("walk", { dirFd: root, path: [name, "file" as ByteString] }),
      requestOf("walkStat", { dirFd: root, path: [name, "canary" as ByteString, "file" as ByteString] }),
      requestOf("mkdirAt", { ...creation, name }),
      requestOf("openCreateAt", { ...creation, flags: 2, name }),
      requestOf("symlinkAt", { dirFd: root, uid: 0, gid: 0, name, linkTarget: "/canary" as ByteString }),
      requestOf("linkAt", { dirFd: root, linkedFd: root, name }),
      requestOf("renameAt", { oldDir: root, newDir: root, oldName: name, newName: "made" as ByteString }),
      requestOf("unlinkAt", { dirFd: root, flags: 0, name }),
      requestOf("bindAt", { ...creation, sockType: 1, name }),
      requestOf("fSetXattr", { fd: root, flags: 0, name: "user.a" as ByteString, value: new Uint8Array(40) }),
      requestOf("pWrite", { offset: 0, fd: root, data: { at: 0, length: 50 } }),
      requestOf("close", { fds: [root, root, root] }),
    ].map(packetOf),
  );
}

/** Asks for the attributes of every FD that may have been given out: they are judged. */
function lookAtEveryFd(connection: AttackConnection, places: number): void {
  const requests = Array.from({ length: places }, (_, place) => requestOf("fStat", { fd: (place + 1) as FdId }));
  connection.exchange(requests);
}

describe.each([
  ["", {}],
  [", watched by threads", { BUN_GOFER_WITHOUT_FUTEX_WAITV: "1" }],
] as const)(`a channel (FUZZ_SEED=${seed})%s`, (_variant, environment) => {
  attackTest("whose length says anything ends alone", { connections: 20, environment }, ({ gofer }) => {
    const lengths = [0, 1, 3, 4, 5, packetBytesMax, packetBytesMax + 1, windowBytes, 2 ** 31, 2 ** 32 - 1];
    const connections = gofer.connect();
    for (const [index, connection] of connections.entries()) {
      const bytes = lengths[index % lengths.length] ?? 0;
      const { channel } = open(connection, index < lengths.length);
      channel.post(messages.walk.id, new Uint8Array(100), bytes);
      expect(channel.state).not.toBe(channelState.serverActive);
      gofer.look();
      connection.expect("fStat", { fd: connection.root });
      // The other channel goes on.
      const other = open(connection);
      expect(connection.exchangeOn(other.channel, requestOf("fStat", { fd: connection.root }))).toHaveProperty("name");
    }
  });

  attackTest(
    "whose state is set to anything ends alone, and for good",
    { connections: 20, environment },
    ({ gofer }) => {
      const states = [2, 3, -1, 0x7fff_ffff, -(2 ** 31), 255, 256, 0x100_0000, 1 << 16, 77];
      const connections = gofer.connect();
      for (const [index, connection] of connections.entries()) {
        const { channel } = open(connection, index < states.length);
        channel.state = states[index % states.length] ?? 2;
        for (const after of [channelState.serverActive, channelState.clientActive, channelState.serverActive, 2, 99]) {
          gofer.look();
          channel.state = after;
        }
        channel.packetBytes = 100;
        gofer.look();
        connection.expect("fStat", { fd: connection.root });
        expect(open(connection).channel.state).toBe(channelState.clientActive);
      }
    },
  );

  attackTest(
    "is given as often as allowed, and again when the connection has ended",
    { connections: 10, environment },
    ({ gofer }) => {
      const before = gofer.descriptors.length;
      let granted = 0;
      for (const connection of gofer.connect()) {
        granted = openAll(connection);
        expect(granted).toBeWithin(2, channelsMax + 1);
        for (let more = 0; more < 100; more++) expect(connection.openUnconnectedChannel()).toBe("ENOMEM");
        gofer.look();
        connection[Symbol.dispose]();
      }
      gofer.awaitDescriptors(before - 10);
    },
  );

  attackTest("is served on every one of 64 connections", { connections: 64, environment }, ({ gofer }) => {
    const connections = gofer.connect();
    for (const connection of connections) openAll(connection);
    for (let round = 0; round < 5; round++) {
      for (const connection of connections) {
        const request = requestOf("fStat", { fd: connection.root });
        for (const channel of connection.openChannels) {
          expect(connection.exchangeOn(channel, request)).toHaveProperty("name", "fStat");
        }
        connection.expect("fStat", { fd: connection.root });
      }
      gofer.look();
    }
  });

  attackTest(
    "whose packets change while they are read leads nowhere else",
    { connections: 3, globalFlags: ["--host-uds=all"], environment },
    async ({ gofer }) => {
      const requestsEach = 2000;
      for (const [index, connection] of gofer.connect().entries()) {
        const { channel, place } = open(connection);
        const random = new Random(seed + index);
        const values = packetsToFlip(connection.root);
        {
          await using _flipper = await BusyThread.flip({ place, at: packetOffset, values, seed: seed + index });
          for (let requests = 0; requests < requestsEach; requests++) {
            const { length } = random.pick(values);
            channel.post(random.pick([messages.walk.id, messages.mkdirAt.id]), new Uint8Array(), length);
            if (requests % 100 === 0) gofer.check();
          }
        }
        expect(channel.state).toBe(channelState.clientActive);
        lookAtEveryFd(connection, 3 * requestsEach);
        gofer.check();
      }
    },
  );

  attackTest("whose header changes all the time harms nobody", { connections: 12, environment }, async ({ gofer }) => {
    for (const [index, connection] of gofer.connect().entries()) {
      const { channel, place } = open(connection);
      const random = new Random(seed + index);
      // State and length, with and without an end of the channel.
      const values = Array.from({ length: 40 }, () => {
        const header = new Uint32Array([
          random.below(index % 2 === 0 ? 2 : 3),
          random.pick([0, 4, 30, packetBytesMax, random.word()]),
        ]);
        return new Uint8Array(header.buffer);
      });
      await using _flipper = await BusyThread.flip({ place, at: 0, values, seed: seed + index });
      for (let looks = 0; looks < 200; looks++) {
        gofer.look();
        channel.state = random.below(2);
      }
      connection.expect("fStat", { fd: connection.root });
    }
  });
});

attackTest(
  "a channel whose state is woken for and does not change uses up nothing",
  { connections: 4 },
  ({ gofer }) => {
    const connections = gofer.connect();
    for (const connection of connections) openAll(connection);
    const channels = connections.flatMap(({ openChannels }) => openChannels);
    for (let wakes = 0; wakes < 500_000; wakes++) {
      for (const channel of channels) channel.state = channelState.clientActive;
    }
    expect(gofer.grownBytes).toBeLessThan(bounds.idleGrowthBytesMax);
  },
);
