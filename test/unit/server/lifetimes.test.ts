import { describe, expect, test } from "bun:test";
import type { ByteString } from "../../../ffi/byte-string.ts";
import { ChannelClient, channelState } from "../support/channel-client.ts";
import { openEachKind } from "../support/scripted-files.ts";
import { ScriptedServer } from "../support/scripted-server.ts";

describe("an FD that is closed while a request is at work on it", () => {
  test("stays until that has ended", async () => {
    using server = new ScriptedServer();
    const { link } = openEachKind(server);
    using channel = ChannelClient.open(server.client, () => server.server.turn());
    const goOn = server.script.hold("stat");
    server.client.send(server.client.encode("fStat", { fd: link }));
    expect(channel.call("close", { fds: [link] })).not.toBeString();
    expect(channel.call("fStat", { fd: link })).toBe("EBADF");
    expect(server.script.calls).toEqual(["stat /link"]);
    goOn();
    await server.settle();
    expect(server.script.calls).toEqual(["stat /link", "end stat /link", "close control /link"]);
    expect(server.client.next("fStat")).not.toBeString();
  });

  test("stays while the request still waits for its lock", async () => {
    using server = new ScriptedServer();
    const { directory, file, openFile } = openEachKind(server);
    using channel = ChannelClient.open(server.client, () => server.server.turn());
    const other = server.connect();
    const otherFile = server.walk(other, server.mount(other), ["file"], 0o100644);
    const goOn = server.script.hold("stat");
    other.send(other.encode("fStat", { fd: otherFile }));
    server.client.send(server.client.encode("pWrite", { offset: 0, fd: openFile, data: { at: 0, length: 0 } }));
    channel.call("close", { fds: [file, openFile, directory] });
    goOn();
    await server.settle();
    expect(server.client.next("pWrite")).not.toBeString();
    const { calls } = server.script;
    expect(calls.indexOf("write /file 0 ")).toBeGreaterThan(0);
    expect(calls.indexOf("write /file 0 ")).toBeLessThan(calls.indexOf("close open /file"));
  });

  test.each(["renameAt", "linkAt", "fSync"] as const)("stays also as the second one of a %s", async (message) => {
    using server = new ScriptedServer();
    const { directory, file, openFile } = openEachKind(server);
    const second = server.walk(server.client, directory, ["second"], 0o040755);
    using channel = ChannelClient.open(server.client, () => server.server.turn());
    const holds = { renameAt: "rename", linkAt: "link", fSync: "sync" };
    const goOn = server.script.hold(holds[message]);
    const names = { oldName: "a" as ByteString, newName: "b" as ByteString };
    const requests = {
      renameAt: { oldDir: directory, newDir: second, ...names },
      linkAt: { dirFd: directory, linkedFd: file, name: "b" as ByteString },
      fSync: { fds: [openFile] },
    };
    server.client.send(server.client.encode(message, requests[message] as never));
    server.script.calls.length = 0;
    channel.call("close", { fds: [second, file, openFile] });
    const spared = { renameAt: "close control /second", linkAt: "close control /file", fSync: "close open /file" };
    expect(server.script.calls).not.toContain(spared[message]);
    goOn();
    await server.settle();
    expect(server.script.calls).toContain(spared[message]);
  });
});

describe("a connection that ends while a request is at work", () => {
  test("on its socket is cleaned up when that has ended", async () => {
    using server = new ScriptedServer();
    const { file } = openEachKind(server);
    const goOn = server.script.hold("stat");
    server.client.send(server.client.encode("fStat", { fd: file }));
    server.client[Symbol.dispose]();
    await server.settle();
    expect(server.script.open.size).toBeGreaterThan(0);
    goOn();
    await server.settle();
    expect([...server.script.open]).toEqual([]);
  });

  test("on a channel is cleaned up when that has ended, and the channel is shut down at once", async () => {
    using server = new ScriptedServer();
    const { file } = openEachKind(server);
    using channel = ChannelClient.open(server.client, () => server.server.turn());
    const goOn = server.script.hold("stat");
    channel.send("fStat", { fd: file });
    server.client[Symbol.dispose]();
    await server.settle();
    expect(channel.state).toBe(channelState.shutDown);
    expect(server.script.open.size).toBeGreaterThan(0);
    goOn();
    await server.settle();
    expect([...server.script.open]).toEqual([]);
    expect(channel.state).toBe(channelState.shutDown);
  });

  test("that waits for a lock lets it run and cleans up then", async () => {
    using server = new ScriptedServer();
    const { file, openFile } = openEachKind(server);
    const other = server.connect();
    const otherFile = server.walk(other, server.mount(other), ["file"], 0o100644);
    using channel = ChannelClient.open(server.client, () => server.server.turn());
    const goOn = server.script.hold("stat");
    other.send(other.encode("fStat", { fd: otherFile }));
    channel.send("pWrite", { offset: 0, fd: openFile, data: { at: 0, length: 0 } });
    server.client[Symbol.dispose]();
    goOn();
    await server.settle();
    expect(server.script.calls).toContain("close control /file");
    expect(other.call("fStat", { fd: otherFile })).not.toBeString();
    expect(file).toBeGreaterThan(0);
  });

  test("leaves other connections, and what they share, alone", async () => {
    using server = new ScriptedServer();
    const { file } = openEachKind(server);
    const other = server.connect();
    const otherFile = server.walk(other, server.mount(other), ["file"], 0o100644);
    const goOn = server.script.hold("stat");
    server.client.send(server.client.encode("fStat", { fd: file }));
    server.client[Symbol.dispose]();
    other.send(other.encode("fStat", { fd: otherFile }));
    goOn();
    await server.settle();
    expect(other.next("fStat")).not.toBeString();
    server.script.calls.length = 0;
    other.expect("fStat", { fd: otherFile });
    expect(server.script.calls).toEqual(["stat /file"]);
  });
});

describe("a connection that ends", () => {
  test("closes whatever its client had open, and shuts its channels down", () => {
    using server = new ScriptedServer();
    openEachKind(server);
    using channel = ChannelClient.open(server.client, () => server.server.turn());
    server.client[Symbol.dispose]();
    expect([...server.script.open]).toEqual([]);
    expect(channel.state).toBe(channelState.shutDown);
  });

  test("in the midst of a mount that waits closes what that gives", async () => {
    using server = new ScriptedServer();
    const goOn = server.script.hold("mount");
    server.client.send(server.client.encode("mount", undefined));
    server.client[Symbol.dispose]();
    goOn();
    await server.settle();
    expect(server.script.calls).toEqual(["mount /", "end mount /", "close control /"]);
  });
});

test("run() ends when the last connection has ended and nothing is at work", async () => {
  using server = new ScriptedServer();
  const { file } = openEachKind(server);
  const goOn = server.script.hold("stat");
  server.client.sendOnly(server.client.encode("fStat", { fd: file }));
  server.client.closeOnly();
  setTimeout(goOn, 1);
  await server.server.run();
  expect(server.script.calls.slice(0, 2)).toEqual(["stat /file", "end stat /file"]);
  expect([...server.script.open]).toEqual([]);
});
