import { describe, expect, test } from "bun:test";
import type { ByteString } from "../../../ffi/byte-string.ts";
import type { FdId } from "../../../src/wire/integers.ts";
import type { MessageName, RequestOf } from "../../../src/wire/messages.ts";
import { ChannelClient } from "../support/channel-client.ts";
import type { TestClient } from "../support/client.ts";
import { noAttributes } from "../support/sample-requests.ts";
import { ScriptedServer } from "../support/scripted-server.ts";

const fileMode = 0o100644;
const directoryMode = 0o040755;

function name(text: string): ByteString {
  return text as ByteString;
}

/** A client with a position of its own, and requests that it makes without awaiting the answer. */
class Actor {
  readonly client: TestClient;
  readonly root: FdId;
  readonly #server: ScriptedServer;

  constructor(server: ScriptedServer) {
    this.#server = server;
    this.client = server.connect();
    this.root = server.mount(this.client);
  }

  at(path: string, mode: number): FdId {
    return this.#server.walk(this.client, this.root, path.split("/"), mode);
  }

  ask<N extends MessageName>(message: N, request: RequestOf<N>): void {
    this.client.send(this.client.encode(message, request));
  }
}

function noFile(): { offset: number; data: { at: number; length: number } } {
  return { offset: 0, data: { at: 0, length: 0 } };
}

describe("on one node", () => {
  test("those who read do so together", async () => {
    using server = new ScriptedServer();
    const actors = [new Actor(server), new Actor(server), new Actor(server)];
    const fds = actors.map((actor) => actor.at("file", fileMode));
    const goOn = server.script.hold("stat");
    for (const [index, actor] of actors.entries()) actor.ask("fStat", { fd: fds[index] as FdId });
    expect(server.script.calls).toEqual(["stat /file", "stat /file", "stat /file"]);
    goOn();
    await server.settle();
    expect(actors.map(({ client }) => client.isAnswered)).toEqual([true, true, true]);
  });

  test("one who writes waits for those who read, and then nobody else is there", async () => {
    using server = new ScriptedServer();
    const [reader, writer, later] = [new Actor(server), new Actor(server), new Actor(server)];
    const file = reader.at("file", fileMode);
    const setStat = {
      fd: writer.at("file", fileMode),
      mask: 2,
      ...noAttributes,
    };
    const laterFile = later.at("file", fileMode);
    const endReading = server.script.hold("stat");
    const endWriting = server.script.hold("setStat");
    reader.ask("fStat", { fd: file });
    writer.ask("setStat", setStat);
    later.ask("fStat", { fd: laterFile });
    await server.settle();
    expect(server.script.calls).toEqual(["stat /file"]);
    endReading();
    await server.settle();
    expect(server.script.calls).toEqual(["stat /file", "end stat /file", "setStat /file"]);
    endWriting();
    await server.settle();
    expect(server.script.calls.slice(3)).toEqual(["end setStat /file", "stat /file"]);
    expect(later.client.isAnswered).toBe(true);
  });

  test("the data of a write that had to wait is what was sent", async () => {
    using server = new ScriptedServer();
    const [reader, writer] = [new Actor(server), new Actor(server)];
    const file = reader.at("file", fileMode);
    const opened = writer.client.expect("openAt", { fd: writer.at("file", fileMode), flags: 1 }).openFd;
    server.script.calls.length = 0;
    const goOn = server.script.hold("stat");
    reader.ask("fStat", { fd: file });
    const request = writer.client.encode("pWrite", { ...noFile(), fd: opened });
    const withData = Buffer.concat([request, Buffer.from("written")]);
    withData.writeUInt32LE(withData.length - 8, 0);
    withData.writeUInt32LE(7, request.length - 4);
    writer.client.send(withData);
    goOn();
    await server.settle();
    expect(server.script.calls.at(-1)).toBe("write /file 0 written");
  });
});

test("a sync that takes long delays neither a rename nor a write to the file", async () => {
  using server = new ScriptedServer();
  const [syncing, other] = [new Actor(server), new Actor(server)];
  const opened = syncing.client.expect("openAt", { fd: syncing.at("file", fileMode), flags: 1 }).openFd;
  const written = other.client.expect("openAt", { fd: other.at("file", fileMode), flags: 1 }).openFd;
  const endSync = server.script.hold("sync");
  syncing.ask("fSync", { fds: [opened] });
  const names = { oldName: name("a"), newName: name("b") };
  expect(other.client.call("renameAt", { oldDir: other.root, newDir: other.root, ...names })).not.toBeString();
  expect(other.client.call("pWrite", { ...noFile(), fd: written })).not.toBeString();
  expect(syncing.client.isAnswered).toBe(false);
  endSync();
  await server.settle();
  expect(syncing.client.isAnswered).toBe(true);
});

describe("on different nodes", () => {
  test("those who write do so at the same time", async () => {
    using server = new ScriptedServer();
    const [one, two] = [new Actor(server), new Actor(server)];
    const [a, b] = [one.at("a", directoryMode), two.at("b", directoryMode)];
    const goOn = server.script.hold("mkdir");
    const creation = { uid: 0, gid: 0, mode: 0, name: name("new") };
    one.ask("mkdirAt", { dirFd: a, ...creation });
    two.ask("mkdirAt", { dirFd: b, ...creation });
    expect(server.script.calls).toEqual(["mkdir /a new", "mkdir /b new"]);
    goOn();
    await server.settle();
  });

  test("a change in a directory waits for nobody at its entries", async () => {
    using server = new ScriptedServer();
    const [one, two] = [new Actor(server), new Actor(server)];
    const file = one.at("file", fileMode);
    const goOn = server.script.hold("stat");
    one.ask("fStat", { fd: file });
    const creation = { dirFd: two.root, uid: 0, gid: 0, mode: 0, name: name("new") };
    expect(two.client.call("mkdirAt", creation)).not.toBeString();
    goOn();
    await server.settle();
  });
});

describe("removing an entry", () => {
  test("waits for whoever is at it", async () => {
    using server = new ScriptedServer();
    const [user, remover] = [new Actor(server), new Actor(server)];
    const file = user.at("file", fileMode);
    const goOn = server.script.hold("stat");
    user.ask("fStat", { fd: file });
    remover.ask("unlinkAt", { dirFd: remover.root, flags: 0, name: name("file") });
    await server.settle();
    expect(server.script.calls).toEqual(["stat /file"]);
    goOn();
    await server.settle();
    expect(server.script.calls).toEqual(["stat /file", "end stat /file", "unlink / file 0"]);
    expect(remover.client.isAnswered).toBe(true);
  });

  test("keeps others from walking to it meanwhile", async () => {
    using server = new ScriptedServer();
    const [remover, walker] = [new Actor(server), new Actor(server)];
    server.script.modes.set("/file", fileMode);
    const goOn = server.script.hold("unlink");
    remover.ask("unlinkAt", { dirFd: remover.root, flags: 0, name: name("file") });
    walker.ask("walk", { dirFd: walker.root, path: [name("file")] });
    await server.settle();
    expect(server.script.calls).toEqual(["unlink / file 0"]);
    goOn();
    await server.settle();
    expect(server.script.calls.at(-1)).toBe("walk / file");
  });
});

describe("linking", () => {
  test("waits for whoever writes to the file that is linked", async () => {
    using server = new ScriptedServer();
    const [writer, linker] = [new Actor(server), new Actor(server)];
    const opened = writer.client.expect("openAt", { fd: writer.at("file", fileMode), flags: 1 }).openFd;
    const file = linker.at("file", fileMode);
    const goOn = server.script.hold("write");
    writer.ask("pWrite", { ...noFile(), fd: opened });
    linker.ask("linkAt", { dirFd: linker.root, linkedFd: file, name: name("link") });
    await server.settle();
    expect(server.script.calls).toEqual(["write /file 0 "]);
    goOn();
    await server.settle();
    expect(server.script.calls.at(-1)).toBe("link /file / link");
  });
});

describe("a rename", () => {
  test("waits for everybody in the whole tree, and everybody waits for it", async () => {
    using server = new ScriptedServer();
    const [reader, renamer, writer] = [new Actor(server), new Actor(server), new Actor(server)];
    const far = reader.at("far/away/file", fileMode);
    const elsewhere = writer.at("elsewhere", directoryMode);
    const endReading = server.script.hold("stat");
    const endRenaming = server.script.hold("rename");
    reader.ask("fStat", { fd: far });
    const names = { oldName: name("a"), newName: name("b") };
    renamer.ask("renameAt", { oldDir: renamer.root, newDir: renamer.root, ...names });
    await server.settle();
    expect(server.script.calls).toEqual(["stat /far/away/file"]);
    endReading();
    await server.settle();
    expect(server.script.calls.at(-1)).toBe("rename / a / b 0");
    writer.ask("mkdirAt", { dirFd: elsewhere, uid: 0, gid: 0, mode: 0, name: name("new") });
    await server.settle();
    expect(server.script.calls.at(-1)).toBe("rename / a / b 0");
    endRenaming();
    await server.settle();
    expect(server.script.calls.slice(-2)).toEqual(["end rename /", "mkdir /elsewhere new"]);
  });

  test("is not put off for ever by those who come later", async () => {
    using server = new ScriptedServer();
    const [first, renamer, later] = [new Actor(server), new Actor(server), new Actor(server)];
    const endFirst = server.script.hold("stat");
    first.ask("fStat", { fd: first.root });
    const names = { oldName: name("a"), newName: name("b") };
    renamer.ask("renameAt", { oldDir: renamer.root, newDir: renamer.root, ...names });
    later.ask("fStat", { fd: later.root });
    endFirst();
    await server.settle();
    expect(server.script.calls).toEqual(["stat /", "end stat /", "rename / a / b 0", "stat /"]);
  });

  test("is seen by those who waited for it: paths are those afterwards", async () => {
    using server = new ScriptedServer();
    const [renamer, user] = [new Actor(server), new Actor(server)];
    const file = user.at("old", fileMode);
    const goOn = server.script.hold("rename");
    const names = { oldName: name("old"), newName: name("new") };
    renamer.ask("renameAt", { oldDir: renamer.root, newDir: renamer.root, ...names });
    user.ask("fStat", { fd: file });
    goOn();
    await server.settle();
    expect(server.script.calls.at(-1)).toBe("stat /new");
  });

  test("of a removed file's directory is refused when the removal came first", async () => {
    using server = new ScriptedServer();
    const [remover, renamer] = [new Actor(server), new Actor(server)];
    const directory = renamer.at("directory", directoryMode);
    const goOn = server.script.hold("unlink");
    remover.ask("unlinkAt", { dirFd: remover.root, flags: 0x200, name: name("directory") });
    const names = { oldName: name("a"), newName: name("b") };
    renamer.ask("renameAt", { oldDir: directory, newDir: directory, ...names });
    goOn();
    await server.settle();
    expect(renamer.client.next("renameAt")).toBe("EINVAL");
  });
});

describe("a walk", () => {
  test("holds one directory at a time", async () => {
    using server = new ScriptedServer();
    const [walker, writer] = [new Actor(server), new Actor(server)];
    server.script.modes.set("/a", directoryMode).set("/a/b", directoryMode);
    const goOn = server.script.hold("walk /a");
    walker.ask("walk", { dirFd: walker.root, path: [name("a"), name("b")] });
    const creation = { dirFd: writer.root, uid: 0, gid: 0, mode: 0, name: name("new") };
    expect(writer.client.call("mkdirAt", creation)).not.toBeString();
    goOn();
    await server.settle();
    expect(walker.client.isAnswered).toBe(true);
  });

  test("gives out nothing before it is at its end", async () => {
    using server = new ScriptedServer();
    const walker = new Actor(server);
    server.script.modes.set("/a", directoryMode).set("/a/b", directoryMode);
    using channel = ChannelClient.open(walker.client, () => server.server.turn());
    const goOn = server.script.hold("walk /a");
    walker.ask("walk", { dirFd: walker.root, path: [name("a"), name("b")] });
    expect(server.script.calls).toEqual(["walk / a", "walk /a b"]);
    // Whatever number the FD of /a gets, a client that guesses it is told that there is none.
    for (let guess = 1; guess < 20; guess++) {
      if (guess !== walker.root) expect(channel.call("fStat", { fd: guess as FdId })).toBe("EBADF");
    }
    goOn();
    await server.settle();
    expect(walker.client.isAnswered).toBe(true);
  });
});
