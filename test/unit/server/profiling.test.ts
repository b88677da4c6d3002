import { describe, expect, test } from "bun:test";
import { figureAt, recordAt, recordField } from "../../../src/server/profile-layout.ts";
import { RequestProfile } from "../../../src/server/request-profile.ts";
import { payloadBytesMax } from "../../../src/wire/limits.ts";
import { type MessageName, messages } from "../../../src/wire/messages.ts";
import { ChannelClient } from "../support/channel-client.ts";
import { frame } from "../support/frame-server.ts";
import { openEachKind } from "../support/scripted-files.ts";
import { ScriptedServer } from "../support/scripted-server.ts";

/** A server that notes what it does, and what it has noted. */
function profiledServer() {
  const profile = new RequestProfile();
  const server = new ScriptedServer({ profile });
  const noted = (message: MessageName, field: keyof typeof recordField): number =>
    profile.numbers[recordAt(messages[message].id) + recordField[field]] ?? 0;
  return { server, fds: openEachKind(server), noted, profile };
}

describe("profiling()", () => {
  test("notes each request when its reply has been sent", () => {
    const { server, fds, noted } = profiledServer();
    using _ = server;
    for (let call = 0; call < 5; call++) server.client.expect("fStat", { fd: fds.file });
    expect([noted("fStat", "count"), noted("fStat", "errors")]).toEqual([5, 0]);
    expect(noted("fStat", "requestBytes")).toBe(5 * 8);
    expect(noted("fStat", "replyBytes")).toBe(5 * 144);
    expect(noted("fStat", "least")).toBeGreaterThan(0);
    expect(noted("fStat", "most")).toBeGreaterThanOrEqual(noted("fStat", "least"));
    expect(noted("fStat", "sum")).toBeGreaterThanOrEqual(noted("fStat", "most"));
  });

  test("notes requests over a channel as well", () => {
    const { server, fds, noted, profile } = profiledServer();
    using _ = server;
    using channel = ChannelClient.open(server.client, () => server.server.turn());
    for (let call = 0; call < 3; call++) channel.call("fStat", { fd: fds.file });
    expect(noted("fStat", "count")).toBe(3);
    expect(profile.numbers[figureAt.channelReplies]).toBe(3);
  });

  test("notes an error as one", () => {
    const { server, fds, noted } = profiledServer();
    using _ = server;
    server.client.call("setStat", { ...noAttributes, fd: fds.file + 100 } as never);
    expect([noted("setStat", "count"), noted("setStat", "errors"), noted("setStat", "replyBytes")]).toEqual([1, 1, 0]);
  });

  test("notes a request that is not answered at once when it is answered, with all the time until then", async () => {
    const { server, fds, noted } = profiledServer();
    using _ = server;
    const release = server.script.hold("stat");
    server.client.send(server.client.encode("fStat", { fd: fds.file }));
    const start = Bun.nanoseconds();
    expect(noted("fStat", "count")).toBe(0);
    while (Bun.nanoseconds() - start < 1_000_000) await Bun.sleep(0);
    const waited = Bun.nanoseconds() - start;
    release();
    await server.settle();
    expect(noted("fStat", "count")).toBe(1);
    expect(noted("fStat", "least")).toBeGreaterThanOrEqual(waited);
  });

  test("notes nothing of what is too long to be a request", () => {
    const { server, fds, noted } = profiledServer();
    using _ = server;
    server.client.expect("fStat", { fd: fds.file });
    server.client.send(frame(messages.fStat.id, Buffer.alloc(payloadBytesMax + 1)));
    server.client.receive();
    expect(noted("fStat", "count")).toBe(1);
  });
});

const noAttributes = {
  mask: 0,
  mode: 0,
  uid: 0,
  gid: 0,
  size: 0n,
  atimeSec: 0n,
  atimeNsec: 0n,
  mtimeSec: 0n,
  mtimeNsec: 0n,
};
