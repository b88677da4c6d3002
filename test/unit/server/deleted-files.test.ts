import { describe, expect, test } from "bun:test";
import type { ByteString } from "../../../ffi/byte-string.ts";
import { Errno, fail } from "../../../ffi/errno.ts";
import type { MessageName, RequestOf } from "../../../src/wire/messages.ts";
import { type SampleFds, sampleRequests } from "../support/sample-requests.ts";
import { openEachKind } from "../support/scripted-files.ts";
import { type ScriptedOptions, ScriptedServer } from "../support/scripted-server.ts";

/** A server on which a file of each kind was opened and then removed. */
function serverWithDeleted(options: ScriptedOptions = {}): {
  readonly server: ScriptedServer;
  readonly fds: SampleFds;
} {
  const server = new ScriptedServer(options);
  const fds = openEachKind(server);
  const inside = server.walk(server.client, fds.directory, ["directory"], 0o040755);
  for (const name of ["file", "link", "socket", "directory", "bound"] as ByteString[]) {
    server.client.expect("unlinkAt", { dirFd: fds.directory, flags: 0, name });
  }
  server.script.calls.length = 0;
  return { server, fds: { ...fds, directory: inside } };
}

function call<N extends MessageName>(server: ScriptedServer, fds: SampleFds, name: N, changes = {}) {
  return server.client.call(name, { ...(sampleRequests(fds)[name] as object), ...changes } as RequestOf<N>);
}

const stillServed = [
  "fStat",
  "setStat",
  "openAt",
  "fStatFs",
  "fSync",
  "pWrite",
  "pRead",
  "fAllocate",
  "flush",
] as const;

const refused = [
  "openCreateAt",
  "mkdirAt",
  "mknodAt",
  "symlinkAt",
  "linkAt",
  "unlinkAt",
  "bindAt",
  "renameAt",
  "renameAt2",
  "getdents64",
  "fGetXattr",
  "fSetXattr",
  "fRemoveXattr",
  "connect",
  "connectWithCreds",
  "listen",
  "accept",
] as const;

describe("a removed file", () => {
  test.each(stillServed)("is served %s, which goes by the open file", (name) => {
    const { server, fds } = serverWithDeleted();
    using _ = server;
    expect(call(server, fds, name)).not.toBeString();
    expect(server.script.calls).not.toEqual([]);
  });

  test.each(refused)("is refused %s, which goes by its place: EINVAL", (name) => {
    const { server, fds } = serverWithDeleted();
    using _ = server;
    expect(call(server, fds, name)).toBe("EINVAL");
    expect(server.script.calls).toEqual([]);
  });

  test("has no link target and no attributes, which are answered empty", () => {
    const { server, fds } = serverWithDeleted();
    using _ = server;
    expect(call(server, fds, "readLinkAt")).toMatchObject({ reply: { placed: 0 } });
    expect(call(server, fds, "fListXattr")).toMatchObject({ reply: { names: [] } });
    expect(server.script.calls).toEqual([]);
  });

  test("has nothing to walk to", () => {
    const { server, fds } = serverWithDeleted();
    using _ = server;
    const doesNotExist = 1;
    expect(call(server, fds, "walk")).toMatchObject({ reply: { status: doesNotExist, inodes: [] } });
    expect(server.script.calls).toEqual([]);
  });

  test("can neither be linked nor be a rename's destination: EINVAL", () => {
    const { server, fds } = serverWithDeleted();
    using _ = server;
    const root = server.mount();
    expect(call(server, fds, "linkAt", { dirFd: root })).toBe("EINVAL");
    expect(call(server, fds, "renameAt", { oldDir: root })).toBe("EINVAL");
    expect(call(server, fds, "renameAt", { newDir: root })).toBe("EINVAL");
    expect(server.script.calls).toEqual([]);
  });

  test("is refused what the connection's options do not allow: EINVAL", () => {
    const { server, fds } = serverWithDeleted({
      setAttrOnDeleted: false,
      allocateOnDeleted: false,
      openOnDeleted: false,
    });
    using _ = server;
    expect(call(server, fds, "setStat")).toBe("EINVAL");
    expect(call(server, fds, "fAllocate")).toBe("EINVAL");
    expect(call(server, fds, "openAt")).toBe("EINVAL");
    expect(server.script.calls).toEqual([]);
  });

  test("may have a successor in its place, which is served", () => {
    const { server, fds } = serverWithDeleted();
    using _ = server;
    const root = server.mount();
    const successor = server.walk(server.client, root, ["file"], 0o100644);
    expect(server.client.call("fRemoveXattr", { fd: successor, name: "user.x" as ByteString })).not.toBeString();
    expect(call(server, fds, "fRemoveXattr")).toBe("EINVAL");
  });

  test("is so for every client of the server", () => {
    using server = new ScriptedServer();
    const other = server.connect();
    const file = server.walk(other, server.mount(other), ["file"], 0o100644);
    const root = server.mount();
    server.client.expect("unlinkAt", { dirFd: root, flags: 0, name: "file" as ByteString });
    expect(other.call("fRemoveXattr", { fd: file, name: "user.x" as ByteString })).toBe("EINVAL");
  });

  test("is not one whose removal failed", () => {
    using server = new ScriptedServer();
    const { directory, file } = openEachKind(server);
    server.script.instead.set("unlink", () => fail(Errno.EROFS));
    expect(server.client.call("unlinkAt", { dirFd: directory, flags: 0, name: "file" as ByteString })).toBe("EROFS");
    expect(server.client.call("fRemoveXattr", { fd: file, name: "user.x" as ByteString })).not.toBeString();
  });
});

describe("a file that a rename replaced", () => {
  test("counts as removed; the one renamed goes on under its new name", () => {
    using server = new ScriptedServer();
    const root = server.mount();
    const moved = server.walk(server.client, root, ["moved"], 0o100644);
    const replaced = server.walk(server.client, root, ["replaced"], 0o100644);
    const names = { oldName: "moved" as ByteString, newName: "replaced" as ByteString };
    server.client.expect("renameAt", { oldDir: root, newDir: root, ...names });
    server.script.calls.length = 0;
    expect(server.client.call("fRemoveXattr", { fd: replaced, name: "user.x" as ByteString })).toBe("EINVAL");
    server.client.expect("fRemoveXattr", { fd: moved, name: "user.x" as ByteString });
    expect(server.script.calls).toEqual(["removeXattr /replaced user.x"]);
  });

  test("does not count as removed when the two were exchanged", () => {
    using server = new ScriptedServer();
    const root = server.mount();
    const left = server.walk(server.client, root, ["left"], 0o100644);
    const right = server.walk(server.client, root, ["right"], 0o100644);
    const names = { oldName: "left" as ByteString, newName: "right" as ByteString };
    const exchange = 2;
    server.client.expect("renameAt2", { oldDir: root, newDir: root, ...names, flags: exchange });
    server.script.calls.length = 0;
    for (const fd of [left, right]) server.client.expect("fRemoveXattr", { fd, name: "user.x" as ByteString });
    expect(server.script.calls).toEqual(["removeXattr /right user.x", "removeXattr /left user.x"]);
  });
});

describe("a rename", () => {
  test("onto the same name does nothing, even where there is nothing", () => {
    using server = new ScriptedServer();
    const root = server.mount();
    const name = "missing" as ByteString;
    expect(
      server.client.call("renameAt", { oldDir: root, newDir: root, oldName: name, newName: name }),
    ).not.toBeString();
    expect(server.script.calls).toEqual([]);
  });

  test("that fails changes nothing", () => {
    using server = new ScriptedServer();
    const root = server.mount();
    const file = server.walk(server.client, root, ["file"], 0o100644);
    server.script.instead.set("rename", () => fail(Errno.ENOSPC));
    const names = { oldName: "file" as ByteString, newName: "other" as ByteString };
    expect(server.client.call("renameAt", { oldDir: root, newDir: root, ...names })).toBe("ENOSPC");
    server.script.calls.length = 0;
    server.client.expect("fStat", { fd: file });
    expect(server.script.calls).toEqual(["stat /file"]);
  });

  test("wants two directories: ENOTDIR, after both were looked up", () => {
    using server = new ScriptedServer();
    const { directory, file, openFile } = openEachKind(server);
    const names = { oldName: "a" as ByteString, newName: "b" as ByteString };
    const rename = (oldDir: typeof file, newDir: typeof file) =>
      server.client.call("renameAt", { oldDir, newDir, ...names });
    const unknown = 12345 as typeof file;
    expect([rename(file, directory), rename(directory, file)]).toEqual(["ENOTDIR", "ENOTDIR"]);
    expect([rename(file, unknown), rename(unknown, file)]).toEqual(["EBADF", "EBADF"]);
    expect([rename(file, openFile), rename(openFile, file)]).toEqual(["EINVAL", "EINVAL"]);
  });

  test("takes what is below a directory along", () => {
    using server = new ScriptedServer();
    const root = server.mount();
    const file = server.walk(server.client, root, ["directory", "file"], 0o100644);
    const names = { oldName: "directory" as ByteString, newName: "elsewhere" as ByteString };
    server.client.expect("renameAt", { oldDir: root, newDir: root, ...names });
    server.script.calls.length = 0;
    server.client.expect("fStat", { fd: file });
    expect(server.script.calls).toEqual(["stat /elsewhere/file"]);
  });
});
