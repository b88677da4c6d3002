import { describe, expect, test } from "bun:test";
import type { ByteString } from "../../../ffi/byte-string.ts";
import { openEachKind } from "../support/scripted-files.ts";
import type { ScriptedServer as Server } from "../support/scripted-server.ts";
import { ScriptedServer } from "../support/scripted-server.ts";

const name = "file" as ByteString;

/** Not by a call in tail position, which would take no stack. */
function overflow(): never {
  const depth = (): number => 1 + depth();
  throw new Error(`${depth()}`);
}

/** Ways in which a backend's method can go wrong. */
const crashes: readonly (readonly [how: string, crash: () => never | Promise<never>])[] = [
  [
    "throws",
    () => {
      throw new Error("a bug");
    },
  ],
  ["rejects at once", () => Promise.reject(new Error("a bug"))],
  ["calls itself without end", overflow],
  ["calls itself without end, later", () => Bun.sleep(1).then(overflow)],
  ["asks for more memory than there is", () => new Uint8Array(2 ** 48) as never],
  ["rejects later", () => Bun.sleep(1).then(() => Promise.reject(new Error("a bug")))],
];

/** That every lock is free: what a leftover lock would hold up. */
function expectNothingHeld(server: Server, root: Parameters<Server["walk"]>[1]): void {
  server.script.instead.clear();
  expect(server.client.call("unlinkAt", { dirFd: root, flags: 0, name })).not.toBeString();
  const names = { oldName: "a" as ByteString, newName: "b" as ByteString };
  expect(server.client.call("renameAt", { oldDir: root, newDir: root, ...names })).not.toBeString();
}

describe.each(crashes)("a method that %s", (_how, crash) => {
  test("is answered EREMOTEIO, is logged, and everything goes on", async () => {
    using server = new ScriptedServer();
    const { directory, file } = openEachKind(server);
    server.script.instead.set("stat", crash);
    expect(await server.client.callLater("fStat", { fd: file })).toBe("EREMOTEIO");
    expect(server.log.entries).toEqual(["warn handler of fStat crashed"]);
    expectNothingHeld(server, directory);
  });

  test.each(["unlinkAt", "renameAt", "linkAt", "fSync", "walk", "walkStat", "mkdirAt"] as const)(
    "during %s leaves no lock behind",
    async (message) => {
      using server = new ScriptedServer({ walkStatSupported: false });
      const { directory, file, openFile } = openEachKind(server);
      for (const method of ["unlink", "rename", "link", "sync", "walk", "mkdir"]) {
        server.script.instead.set(method, crash);
      }
      const creation = { dirFd: directory, uid: 0, gid: 0, mode: 0, name };
      const requests = {
        unlinkAt: { dirFd: directory, flags: 0, name },
        renameAt: { oldDir: directory, newDir: directory, oldName: name, newName: "b" as ByteString },
        linkAt: { dirFd: directory, linkedFd: file, name: "b" as ByteString },
        fSync: { fds: [openFile] },
        walk: { dirFd: directory, path: [name] },
        walkStat: { dirFd: directory, path: [name] },
        mkdirAt: creation,
      };
      expect(await server.client.callLater(message, requests[message] as never)).toBe("EREMOTEIO");
      expectNothingHeld(server, directory);
    },
  );

  test("while mounting leaves no lock behind", async () => {
    using server = new ScriptedServer();
    server.script.instead.set("mount", crash);
    expect(await server.client.callLater("mount", undefined)).toBe("EREMOTEIO");
    server.script.instead.clear();
    expectNothingHeld(server, server.mount());
  });

  test("holds up no other client", async () => {
    using server = new ScriptedServer();
    const other = server.connect();
    const { file } = openEachKind(server);
    const root = server.mount(other);
    server.script.instead.set("stat /file", crash);
    server.client.send(server.client.encode("fStat", { fd: file }));
    expect(other.call("fStat", { fd: root })).not.toBeString();
    await server.settle();
    await server.client.callLater("fStat", { fd: root });
    expect(other.call("fStat", { fd: root })).not.toBeString();
  });
});
