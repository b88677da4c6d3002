import { describe, expect, test } from "bun:test";
import { payloadBytesMax } from "../../../src/wire/limits.ts";
import { messages } from "../../../src/wire/messages.ts";
import { ChannelClient, channelState } from "../support/channel-client.ts";
import { frame, headerOf } from "../support/frame-server.ts";
import { ScriptedServer } from "../support/scripted-server.ts";

const unknownMessage = 999;

/** Entries at once at most, see LimitedLog. */
const entriesMax = 20;

describe("a client that breaks the protocol", () => {
  test.each<[what: string, bytes: Uint8Array, entry: string]>([
    ["by a request that is too short", frame(messages.fStat.id, "abc"), "protocol violation: a request is too short"],
    ["by an unknown message", frame(unknownMessage), "a request is not supported"],
    ["by a message that the backend does not serve", frame(messages.flush.id), "a request is not supported"],
    [
      "by a request longer than the backend takes",
      frame(messages.fStat.id, new Uint8Array(2000)),
      "protocol violation: a request is too long",
    ],
    [
      "by a header that claims too much",
      headerOf(messages.fStat.id, payloadBytesMax + 1),
      "protocol violation: a request on the socket is too long",
    ],
  ])("%s is told of in the log", (_what, bytes, entry) => {
    using server = new ScriptedServer({ unsupported: ["flush"], messageBytesMax: 1000 });
    server.client.send(bytes);
    expect(server.log.entries).toEqual([`warn ${entry}`]);
  });

  test.each<[what: string, act: (channel: ChannelClient) => void, entry: string]>([
    [
      "about the length of a packet",
      (channel) => {
        channel.packetBytes = 2 ** 31;
        channel.state = channelState.serverActive;
      },
      "a packet on a channel cannot be that long",
    ],
    [
      "about the state",
      (channel) => {
        channel.state = 77;
      },
      "the state of a channel makes no sense",
    ],
  ])("on a channel %s is told of in the log", (_what, act, entry) => {
    using server = new ScriptedServer();
    server.mount();
    using channel = ChannelClient.open(server.client, () => server.server.turn());
    act(channel);
    server.server.turn();
    expect(server.log.entries).toEqual([`warn protocol violation: ${entry}`]);
  });

  test("by shutting a channel down does nothing wrong", () => {
    using server = new ScriptedServer();
    server.mount();
    using channel = ChannelClient.open(server.client, () => server.server.turn());
    channel.state = channelState.shutDown;
    server.server.turn();
    expect(server.log.entries).toEqual([]);
  });

  test("all the time fills the log no further, and what was left out is told of when it goes", () => {
    using server = new ScriptedServer();
    for (let count = 0; count < 500; count++) {
      server.client.send(frame(unknownMessage));
      server.client.receive();
    }
    expect(server.log.entries.length).toBeLessThanOrEqual(entriesMax + 2);
    server.client.closeOnly();
    server.server.turn();
    expect(server.log.entries.at(-1)).toMatch(/^warn 4\d\d log entries were left out$/);
  });

  test("all the time leaves the others their say", () => {
    using server = new ScriptedServer();
    const other = server.connect("/other");
    for (let count = 0; count < 100; count++) {
      server.client.send(frame(unknownMessage));
      server.client.receive();
    }
    const before = server.log.entries.length;
    other.send(frame(unknownMessage));
    other.receive();
    expect(server.log.entries.length).toBe(before + 1);
  });
});

describe("a backend that crashes all the time", () => {
  test("fills the log no further", () => {
    using server = new ScriptedServer();
    const root = server.mount();
    server.script.instead.set("stat", () => {
      throw new Error("a bug");
    });
    for (let count = 0; count < 500; count++) expect(server.client.call("fStat", { fd: root })).toBe("EREMOTEIO");
    expect(server.log.entries.length).toBeLessThanOrEqual(entriesMax + 2);
  });
});
