import { describe, expect, test } from "bun:test";
import type { ByteString } from "../../../ffi/byte-string.ts";
import { Errno } from "../../../ffi/errno.ts";
import type { FdId } from "../../../src/wire/integers.ts";
import type { MessageDefinition } from "../../../src/wire/message.ts";
import { type MessageName, messageNames, messages } from "../../../src/wire/messages.ts";
import type { TestClient } from "../support/client.ts";
import { frame } from "../support/frame-server.ts";
import { type SampleFds, sampleRequests } from "../support/sample-requests.ts";
import { openEachKind } from "../support/scripted-files.ts";
import { ScriptedServer } from "../support/scripted-server.ts";

const unknownFd = 12345 as FdId;
const unknownMessage = 99;

/** What a raw request is answered: an error number, or 0. */
function errnoOf(client: TestClient, message: number, payload: Uint8Array | string = ""): number {
  client.send(frame(message, payload));
  const { messageId, payload: answer } = client.receive();
  return messageId === messages.error.id ? new DataView(answer.buffer).getUint32(0, true) : 0;
}

function definitionOf(name: MessageName): MessageDefinition {
  return messages[name];
}

/** The messages that name a descriptor which dispatch looks up. */
const targeted = messageNames.filter((name) => definitionOf(name).target !== undefined);
const mutating = messageNames.filter((name) => definitionOf(name).mutates);
const withBody = messageNames.filter((name) => definitionOf(name).request.bytesMin > 0);
const onDirectories = targeted.filter((name) => definitionOf(name).target?.directory === true);

describe("a request larger than the backend takes", () => {
  test("is answered EIO, before anything else about it is looked at", () => {
    using server = new ScriptedServer({ messageBytesMax: 1000, readonly: true, unsupported: ["flush"] });
    const payload = new Uint8Array(1001);
    const answers = [unknownMessage, messages.flush.id, messages.mkdirAt.id].map((message) =>
      errnoOf(server.client, message, payload),
    );
    expect(answers).toEqual([Errno.EIO, Errno.EIO, Errno.EIO]);
    expect(server.script.calls).toEqual([]);
  });

  test("is not one that is just as large", () => {
    using server = new ScriptedServer({ messageBytesMax: 1000 });
    expect(errnoOf(server.client, messages.mount.id, new Uint8Array(1000))).toBe(0);
  });
});

describe("a message that is not served", () => {
  test.each([messageNames.length, unknownMessage, 0xffff])("as number %p is answered EOPNOTSUPP", (message) => {
    using server = new ScriptedServer();
    expect(errnoOf(server.client, message)).toBe(Errno.EOPNOTSUPP);
  });

  test("because the backend does not is answered EOPNOTSUPP, also on a read-only connection", () => {
    using server = new ScriptedServer({ readonly: true, unsupported: ["flush", "mkdirAt"] });
    expect(errnoOf(server.client, messages.flush.id)).toBe(Errno.EOPNOTSUPP);
    expect(errnoOf(server.client, messages.mkdirAt.id)).toBe(Errno.EOPNOTSUPP);
    expect(errnoOf(server.client, messages.error.id)).toBe(Errno.EOPNOTSUPP);
  });
});

describe("on a read-only connection", () => {
  test.each(mutating)("%s is answered EROFS, whatever its body", (name) => {
    using server = new ScriptedServer({ readonly: true });
    expect(errnoOf(server.client, definitionOf(name).id)).toBe(Errno.EROFS);
    expect(server.script.calls).toEqual([]);
  });

  test.each([1, 2, 0o1000, 0o1001])("openAt with flags 0o%o is answered EROFS, before the FD is looked up", (flags) => {
    using server = new ScriptedServer({ readonly: true });
    expect(server.client.call("openAt", { fd: unknownFd, flags })).toBe("EROFS");
  });

  test("openAt is parsed first", () => {
    using server = new ScriptedServer({ readonly: true });
    expect(errnoOf(server.client, messages.openAt.id, "short")).toBe(Errno.EIO);
  });

  test("openAt for reading is served, with flags besides that are dropped", () => {
    using server = new ScriptedServer({ readonly: true });
    const root = server.mount();
    expect(server.client.call("openAt", { fd: root, flags: 0o4000 })).not.toBeString();
    expect(server.script.calls).toEqual(["open / 0"]);
  });

  test("what only looks is served", () => {
    using server = new ScriptedServer({ readonly: true });
    const root = server.mount();
    expect(server.client.call("fStat", { fd: root })).not.toBeString();
    expect(server.client.call("walk", { dirFd: root, path: [] })).not.toBeString();
  });
});

describe("a body that ends too early", () => {
  test.each(withBody)("of %s is answered EIO, at whatever length", (name) => {
    using server = new ScriptedServer();
    const fds = openEachKind(server);
    const whole = server.client.encode(name, sampleRequests(fds)[name]).subarray(8);
    for (let length = 0; length < whole.length; length++) {
      expect([length, errnoOf(server.client, definitionOf(name).id, whole.subarray(0, length))]).toEqual([
        length,
        Errno.EIO,
      ]);
    }
    expect(server.script.calls).toEqual([]);
  });

  test("is not one with bytes behind it, which are ignored", () => {
    using server = new ScriptedServer();
    const root = server.mount();
    const body = server.client.encode("fStat", { fd: root }).subarray(8);
    expect(errnoOf(server.client, messages.fStat.id, Buffer.concat([body, Buffer.from("more")]))).toBe(0);
  });
});

/** The request with what it names in its component fields replaced. */
function withNames(name: MessageName, request: unknown, replacement: string): unknown {
  const { componentFields } = definitionOf(name);
  const renamed = Object.fromEntries(componentFields.map((field) => [field, replacement]));
  return { ...(request as object), ...renamed };
}

const naming = messageNames.filter((name) => definitionOf(name).componentFields.length > 0);

describe("an unsafe name", () => {
  test.each(naming)("in %s is answered EINVAL, before the FD is looked up", (name) => {
    using server = new ScriptedServer();
    const fds = { directory: unknownFd, file: unknownFd } as SampleFds;
    for (const unsafe of ["", ".", "..", "a/b", "/", "a\0b", "\0"]) {
      const request = withNames(name, sampleRequests(fds)[name], unsafe);
      expect(server.client.call(name, request as never)).toBe("EINVAL");
    }
    expect(server.client.call(name, sampleRequests(fds)[name] as never)).toBe("EBADF");
  });

  test.each(["...", "a.", ".a", "\xff\xfe", " ", "\n", "x".repeat(300)])("is not one like %j", (name) => {
    using server = new ScriptedServer();
    const root = server.mount();
    const request = { dirFd: root, uid: 0, gid: 0, mode: 0, name: name as ByteString };
    expect(server.client.call("mkdirAt", request)).not.toBeString();
  });

  test("with a NUL is answered EINVAL where C strings are passed on", () => {
    using server = new ScriptedServer();
    const fds = openEachKind(server);
    const { symlinkAt, fGetXattr, fSetXattr, fRemoveXattr } = sampleRequests(fds);
    const name = "user.\0x" as ByteString;
    expect([
      server.client.call("symlinkAt", { ...symlinkAt, linkTarget: name }),
      server.client.call("fGetXattr", { ...fGetXattr, name }),
      server.client.call("fSetXattr", { ...fSetXattr, name }),
      server.client.call("fRemoveXattr", { ...fRemoveXattr, name }),
    ]).toEqual(["EINVAL", "EINVAL", "EINVAL", "EINVAL"]);
    expect(server.script.calls).toEqual([]);
  });
});

/** The request with another descriptor as its target. */
function withTarget(name: MessageName, fds: SampleFds, target: FdId): unknown {
  const field = definitionOf(name).target?.field ?? "";
  return { ...(sampleRequests(fds)[name] as object), [field]: target };
}

describe("a target", () => {
  test.each(targeted)("of %s that was never given, or was closed, is answered EBADF", (name) => {
    using server = new ScriptedServer();
    const fds = openEachKind(server);
    const closed = server.walk(server.client, fds.directory, ["closed"], 0o100644);
    server.client.expect("close", { fds: [closed] });
    server.script.calls.length = 0;
    for (const target of [unknownFd, 0 as FdId, closed]) {
      expect(server.client.call(name, withTarget(name, fds, target) as never)).toBe("EBADF");
    }
    expect(server.script.calls).toEqual([]);
  });

  test.each(targeted)("of %s that is of another kind is answered EINVAL", (name) => {
    using server = new ScriptedServer();
    const fds = openEachKind(server);
    const others: Readonly<Record<string, readonly FdId[]>> = {
      control: [fds.openFile, fds.openDirectory, fds.boundSocket],
      open: [fds.directory, fds.file, fds.boundSocket],
      boundSocket: [fds.directory, fds.file, fds.openFile],
      any: [fds.boundSocket],
    };
    for (const target of others[definitionOf(name).target?.kind ?? ""] ?? []) {
      expect(server.client.call(name, withTarget(name, fds, target) as never)).toBe("EINVAL");
    }
    expect(server.script.calls).toEqual([]);
  });

  test.each(onDirectories)("of %s that is no directory is answered ENOTDIR", (name) => {
    using server = new ScriptedServer();
    const fds = openEachKind(server);
    const target = definitionOf(name).target?.kind === "open" ? fds.openFile : fds.file;
    expect(server.client.call(name, withTarget(name, fds, target) as never)).toBe("ENOTDIR");
    expect(server.script.calls).toEqual([]);
  });
});

describe("a reply larger than the client takes", () => {
  test("is answered EIO", () => {
    using server = new ScriptedServer({ messageBytesMax: 100 });
    const walkable = server.connect();
    const root = server.mount(walkable);
    expect(walkable.call("fStat", { fd: root })).not.toBeString();
    // An inode takes 152 bytes.
    expect(server.client.call("mount", undefined)).toBe("EIO");
  });
});
