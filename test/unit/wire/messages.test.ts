import { describe, expect, test } from "bun:test";
import { type ByteString, byteStringOf } from "../../../ffi/byte-string.ts";
import { noRoom } from "../../../src/wire/codec.ts";
import type { Placed } from "../../../src/wire/data.ts";
import type { FdId } from "../../../src/wire/integers.ts";
import { payloadBytesMax, readBytesMax, walkNamesMax, walkStatNamesMax } from "../../../src/wire/limits.ts";
import {
  decodeReply,
  decodeRequest,
  encodeReply,
  encodeRequest,
  type MessageDefinition,
  namesAreSafe,
} from "../../../src/wire/message.ts";
import {
  type MessageName,
  messageById,
  messageNames,
  messages,
  type ReplyOf,
  type RequestOf,
  type TargetKindOf,
} from "../../../src/wire/messages.ts";
import { memoryFilled } from "./memory-of.ts";

const fd = 7 as FdId;
const definitions: readonly (readonly [MessageName, MessageDefinition])[] = messageNames.map((name) => [
  name,
  messages[name],
]);

function namesWhere(predicate: (definition: MessageDefinition) => boolean): readonly MessageName[] {
  return definitions.filter(([, definition]) => predicate(definition)).map(([name]) => name);
}

describe("the message table", () => {
  test("has 34 messages, whose ids are their places", () => {
    expect(messageById).toHaveLength(34);
    expect(messageById.map((definition) => definition?.id)).toEqual(messageById.map((_, id) => id));
    expect(messageById[messages.renameAt2.id]).toBe(messages.renameAt2);
    expect(messageById[34]).toBeUndefined();
  });

  test("refuses on a read-only connection what changes the file system, but for openAt, which decides by its flags", () => {
    expect(namesWhere(({ mutates }) => mutates)).toEqual([
      "setStat",
      "openCreateAt",
      "pWrite",
      "mkdirAt",
      "mknodAt",
      "symlinkAt",
      "linkAt",
      "fAllocate",
      "unlinkAt",
      "renameAt",
      "fSetXattr",
      "fRemoveXattr",
      "bindAt",
      "renameAt2",
    ]);
  });

  test("locks for writing whatever mutates, and globally what moves nodes", () => {
    expect(namesWhere(({ lock }) => lock === "global")).toEqual(["renameAt", "renameAt2"]);
    for (const [name, { mutates, lock }] of definitions) {
      expect(lock === "write" || lock === "global", name).toBe(mutates);
    }
  });

  test("locks nothing where there is no single target", () => {
    expect(namesWhere(({ target }) => target === undefined)).toEqual(["error", "mount", "channel", "close", "fSync"]);
    expect(namesWhere(({ lock }) => lock === "none")).toEqual([
      "error",
      "mount",
      "channel",
      "walk",
      "walkStat",
      "close",
      "fSync",
    ]);
  });

  test("says which targets must be directories before anything is locked", () => {
    expect(namesWhere(({ target }) => target?.directory === true)).toEqual([
      "walk",
      "openCreateAt",
      "mkdirAt",
      "mknodAt",
      "symlinkAt",
      "linkAt",
      "unlinkAt",
      "getdents64",
      "bindAt",
    ]);
  });

  test("looks up the kind of descriptor that each message is for", () => {
    expect(namesWhere(({ target }) => target?.kind === "any")).toEqual(["fStat"]);
    expect(namesWhere(({ target }) => target?.kind === "boundSocket")).toEqual(["listen", "accept"]);
    expect(namesWhere(({ target }) => target?.kind === "open")).toEqual([
      "pWrite",
      "pRead",
      "fAllocate",
      "flush",
      "getdents64",
    ]);
  });

  test("names a field of the request as target", () => {
    for (const [name, { target, request }] of definitions) {
      if (target !== undefined) expect(Object.keys(request.fields), name).toContain(target.field);
    }
  });

  test("tells the handler where a body in place begins", () => {
    const prefixes = definitions.filter(([, { prefixBytes }]) => prefixBytes > 0);
    expect(prefixes.map(([name, { prefixBytes }]) => [name, prefixBytes])).toEqual([
      ["pRead", 8],
      ["readLinkAt", 2],
      ["getdents64", 2],
      ["fGetXattr", 2],
    ]);
  });
});

describe("limits", () => {
  test("let the largest read and the longest walks fit the payload, and one more not", () => {
    expect(payloadBytesMax).toBe(2_093_056);
    const memory = memoryFilled(payloadBytesMax, 0);
    const placed = (bytes: number) => encodeReply(messages.pRead, memory, 0, payloadBytesMax, { placed: bytes });
    expect(placed(readBytesMax)).toBe(payloadBytesMax);
    expect(placed(readBytesMax + 1)).toBe(noRoom);

    const stat = messages.fStat.reply.decode({ memory, at: 0, end: payloadBytesMax });
    if (stat === undefined) throw new Error("zeroes are a Statx");
    const inodes = (count: number) =>
      encodeReply(messages.walk, memory, 0, payloadBytesMax, {
        status: 0,
        inodes: new Array(count).fill({ controlFd: fd, stat }),
      });
    expect(inodes(walkNamesMax)).toBe(3 + walkNamesMax * 152);
    expect(inodes(walkNamesMax + 1)).toBe(noRoom);

    const stats = (count: number) =>
      encodeReply(messages.walkStat, memory, 0, payloadBytesMax, { stats: new Array(count).fill(stat) });
    expect(stats(walkStatNamesMax)).toBe(2 + walkStatNamesMax * 144);
    expect(stats(walkStatNamesMax + 1)).toBe(noRoom);
  });
});

describe("decoding and encoding by definition", () => {
  const at = 100;
  const request = { dirFd: fd, path: [byteStringOf("a"), byteStringOf("b")] };

  test("a request comes back as it went", () => {
    const memory = memoryFilled(200, 0xaa);
    const length = encodeRequest(messages.walk, memory, at, 100, request);
    expect(length).toBe(8 + 2 + 3 + 3);
    expect(decodeRequest(messages.walk, memory, at, length)).toEqual(request);
    expect(decodeRequest(messages.walk, memory, at, length - 1)).toBeUndefined();
    expect(encodeRequest(messages.walk, memory, at, length - 1, request)).toBe(noRoom);
  });

  test("a reply without bytes takes none, and its absence is not taken for a short one", () => {
    const memory = memoryFilled(200, 0xaa);
    expect(encodeReply(messages.close, memory, at, 0, undefined)).toBe(0);
    expect(decodeReply(messages.close, memory, at, 0)).not.toBeUndefined();
    expect(decodeRequest(messages.mount, memory, at, 0)).not.toBeUndefined();
  });
});

describe("namesAreSafe()", () => {
  const creation = { dirFd: fd, uid: 0, gid: 0, mode: 0o755 };
  const good = byteStringOf("name");
  const bad = byteStringOf("../name");
  const withNul = "na\0me" as ByteString;
  const empty = byteStringOf("");

  test("refuses an unsafe component in every message that has one", () => {
    const components = definitions.filter(([, { componentFields }]) => componentFields.length > 0);
    expect(components.map(([name, { componentFields }]) => [name, componentFields.join()])).toEqual([
      ["openCreateAt", "name"],
      ["mkdirAt", "name"],
      ["mknodAt", "name"],
      ["symlinkAt", "name"],
      ["linkAt", "name"],
      ["unlinkAt", "name"],
      ["renameAt", "oldName,newName"],
      ["bindAt", "name"],
      ["renameAt2", "oldName,newName"],
    ]);
    expect(namesAreSafe(messages.mkdirAt, { ...creation, name: good })).toBe(true);
    expect(namesAreSafe(messages.mkdirAt, { ...creation, name: bad })).toBe(false);
    expect(namesAreSafe(messages.mkdirAt, { ...creation, name: withNul })).toBe(false);
    expect(namesAreSafe(messages.mkdirAt, { ...creation, name: empty })).toBe(false);
  });

  test("refuses a NUL in the other strings, and nothing else", () => {
    const strings = definitions.filter(([, { nulFreeFields }]) => nulFreeFields.length > 0);
    expect(strings.map(([name, { nulFreeFields }]) => [name, nulFreeFields.join()])).toEqual([
      ["symlinkAt", "linkTarget"],
      ["fGetXattr", "name"],
      ["fSetXattr", "name"],
      ["fRemoveXattr", "name"],
    ]);
    const symlink = { dirFd: fd, uid: 0, gid: 0, name: good };
    expect(namesAreSafe(messages.symlinkAt, { ...symlink, linkTarget: bad })).toBe(true);
    expect(namesAreSafe(messages.symlinkAt, { ...symlink, linkTarget: empty })).toBe(true);
    expect(namesAreSafe(messages.symlinkAt, { ...symlink, linkTarget: withNul })).toBe(false);
  });

  test("judges both names of a rename", () => {
    const rename = { oldDir: fd, newDir: fd, oldName: good, newName: good };
    expect(namesAreSafe(messages.renameAt, rename)).toBe(true);
    expect(namesAreSafe(messages.renameAt, { ...rename, oldName: bad })).toBe(false);
    expect(namesAreSafe(messages.renameAt, { ...rename, newName: bad })).toBe(false);
  });

  test("leaves the names of a walk to its handler", () => {
    expect(namesAreSafe(messages.walk, { dirFd: fd, path: [bad] })).toBe(true);
  });
});

describe("the types that the table gives", () => {
  type Handlers = { readonly [N in MessageName]: (request: RequestOf<N>) => ReplyOf<N> };

  // These lines are for the type checker: each error that it no longer finds is itself an error.
  test("a handler must fit its message", () => {
    const pRead: Handlers["pRead"] = ({ offset, count }): Placed => ({ placed: offset === 0 ? count : 0 });
    const close: Handlers["close"] = ({ fds }) => {
      fds.at(0);
    };
    // @ts-expect-error: a reply of another message
    const fStat: Handlers["fStat"] = pRead;
    // @ts-expect-error: a field that the request has not
    const openAt: Handlers["openAt"] = ({ name }) => ({ openFd: name });
    // @ts-expect-error: 32 handlers are missing
    const handlers: Handlers = { pRead, close };
    // @ts-expect-error: a pad is not part of the request
    const padding = (request: RequestOf<"openAt">) => request.padding;
    const kind: TargetKindOf<"accept"> = "boundSocket";
    // @ts-expect-error: not the kind that a read is for
    const wrongKind: TargetKindOf<"pRead"> = "control";
    expect([fStat, openAt, handlers, padding, kind, wrongKind]).toHaveLength(6);
  });
});
