import { describe, expect, test } from "bun:test";
import { allocateStaticMemory, memory } from "../../../ffi/arena.ts";
import type { ByteString } from "../../../ffi/byte-string.ts";
import { Errno, fail } from "../../../ffi/errno.ts";
import { takeAndClose } from "../../../ffi/host-fd.ts";
import type { FdId } from "../../../src/wire/integers.ts";
import { payloadBytesMax } from "../../../src/wire/limits.ts";
import { type MessageName, messageNames, messages, type ReplyOf } from "../../../src/wire/messages.ts";
import { sampleRequests } from "../support/sample-requests.ts";
import { statOfMode } from "../support/scripted-backend.ts";
import { openEachKind } from "../support/scripted-files.ts";
import { ScriptedServer } from "../support/scripted-server.ts";

/** What each sample request asks of the backend. */
const asked: Readonly<Record<MessageName, string | undefined>> = {
  error: undefined,
  mount: "mount /",
  channel: undefined,
  fStat: "stat /file",
  setStat: "setStat /file",
  walk: "walk / name",
  walkStat: "walkStat / name",
  openAt: "open /file 2",
  openCreateAt: "openCreate / name 2",
  close: undefined,
  fSync: "sync /file",
  pWrite: "write /file 5 ",
  pRead: "read /file 3 5",
  mkdirAt: "mkdir / name",
  mknodAt: "mknod / name 3 4",
  symlinkAt: "symlink / name target",
  linkAt: "link /file / name",
  fStatFs: "statFs /file",
  fAllocate: "allocate /file 1 2 3",
  readLinkAt: `readLink /link ${payloadBytesMax - 2}`,
  flush: "flush /file",
  connect: "connect /socket 1",
  unlinkAt: "unlink / name 0",
  renameAt: "rename / name / other 0",
  getdents64: "readDirectory /directory 1000 false",
  fGetXattr: "getXattr /file user.x 10",
  fSetXattr: "setXattr /file user.x v 1",
  fListXattr: "listXattrs /file 100",
  fRemoveXattr: "removeXattr /file user.x",
  bindAt: "bind / name 1",
  listen: "listen /bound 5",
  accept: "accept /bound",
  connectWithCreds: "connectAs /socket 1 3 4",
  renameAt2: "rename / name / other 1",
};

describe("a request", () => {
  test.each(messageNames)("of %s asks the backend what the protocol means by it", (name) => {
    using server = new ScriptedServer();
    const requests = sampleRequests(openEachKind(server));
    const answer = server.client.call(name, requests[name] as never);
    if (typeof answer !== "string") for (const fd of answer.fds) takeAndClose(fd);
    expect(server.script.calls.join()).toBe(asked[name] ?? "");
  });

  test.each(messageNames.filter((name) => asked[name] !== undefined && name !== "setStat"))(
    "of %s is answered by the error number that the backend gives",
    (name) => {
      using server = new ScriptedServer();
      const requests = sampleRequests(openEachKind(server));
      server.script.instead.set(asked[name]?.split(" ")[0] ?? "", () => fail(Errno.ENOSPC));
      expect(server.client.call(name, requests[name] as never)).toBe("ENOSPC");
    },
  );
});

describe("a reply", () => {
  const regular = statOfMode(0o100644);

  /** Replies to the sample requests, as far as they say more than that it was done. */
  const replies: { readonly [N in MessageName]?: Partial<ReplyOf<N>> } = {
    fStat: regular,
    setStat: { failureMask: 2, failureErrno: Errno.EPERM },
    walkStat: { stats: [statOfMode(0o100000)] },
    fStatFs: {
      type: 1,
      blockSize: 2,
      blocks: 3,
      blocksFree: 4,
      blocksAvailable: 5,
      files: 6,
      filesFree: 7,
      nameLength: 8,
    },
    pWrite: { count: 0 },
    pRead: { placed: 3 },
    readLinkAt: { placed: 6 },
    getdents64: { entries: 0, placed: 0 },
    fGetXattr: { placed: 5 },
    fListXattr: { names: ["user.one" as ByteString, "user.two" as ByteString] },
  };

  test.each(Object.keys(replies) as MessageName[])("to %s says what the backend gave", (name) => {
    using server = new ScriptedServer();
    const requests = sampleRequests(openEachKind(server));
    expect(server.client.expect(name, requests[name] as never)).toEqual(replies[name] as never);
  });

  test.each([
    ["pRead", "dat"],
    ["readLinkAt", "target"],
    ["fGetXattr", "value"],
  ] as const)("to %s brings the bytes", (name, text) => {
    using server = new ScriptedServer();
    const requests = sampleRequests(openEachKind(server));
    server.client.expect(name, requests[name] as never);
    const at = server.client.payloadAt + messages[name].prefixBytes;
    expect(memory.buffer.toString("latin1", at, at + text.length)).toBe(text);
  });

  test.each(["mkdirAt", "mknodAt", "symlinkAt", "linkAt", "openCreateAt", "bindAt"] as const)(
    "to %s brings the new file's FD and attributes",
    (name) => {
      using server = new ScriptedServer();
      const requests = sampleRequests(openEachKind(server));
      const { child } = server.client.expect(name, requests[name] as never) as ReplyOf<"mkdirAt">;
      server.script.calls.length = 0;
      expect(server.client.expect("fStat", { fd: child.controlFd })).toEqual(child.stat);
      expect(server.script.calls).toEqual(["stat /name"]);
    },
  );

  test("to mount says what is served and how much at a time", () => {
    using server = new ScriptedServer({ unsupported: ["flush", "connect"], messageBytesMax: 5000 });
    const { root, messageBytesMax, supported } = server.client.expect("mount", undefined);
    expect(messageBytesMax).toBe(5000);
    const all = messageNames.filter((name) => !["error", "flush", "connect"].includes(name));
    expect(supported).toEqual(all.map((name) => messages[name].id));
    expect(root.stat.mode).toBe(0o040755);
  });

  test("to write carries the data of the request to the backend", () => {
    using server = new ScriptedServer();
    const { openFile } = openEachKind(server);
    const at = allocateStaticMemory(7);
    memory.buffer.write("written", at, "latin1");
    expect(server.client.expect("pWrite", { offset: 2 ** 40, fd: openFile, data: { at, length: 7 } })).toEqual({
      count: 7,
    });
    expect(server.script.calls).toEqual([`write /file ${2 ** 40} written`]);
  });
});

describe("opening", () => {
  test.each([
    [0o1, 0o1],
    [0o2, 0o2],
    [0o1002, 0o1002],
    [0o4000 | 0o2000000 | 0o200000 | 0o400000 | 0o100 | 0o200 | 0o2000, 0],
    [0xffff_ffff, 0o1003],
  ])("passes on of flags 0o%o the access mode and O_TRUNC only", (flags, passed) => {
    using server = new ScriptedServer();
    const { file } = openEachKind(server);
    server.client.expect("openAt", { fd: file, flags });
    expect(server.script.calls).toEqual([`open /file ${passed}`]);
  });

  test.each([0o1, 0o2, 0o1000])("a directory with flags 0o%o is answered EISDIR", (flags) => {
    using server = new ScriptedServer();
    const { directory } = openEachKind(server);
    expect(server.client.call("openAt", { fd: directory, flags })).toBe("EISDIR");
    expect(server.script.calls).toEqual([]);
  });

  test("a symlink is answered EINVAL", () => {
    using server = new ScriptedServer();
    const { link } = openEachKind(server);
    expect(server.client.call("openAt", { fd: link, flags: 0 })).toBe("EINVAL");
  });

  test("keeps the control FD open until the file is closed", () => {
    using server = new ScriptedServer();
    const { file, openFile } = openEachKind(server);
    server.client.expect("close", { fds: [file] });
    expect(server.script.calls).toEqual([]);
    server.client.expect("fStat", { fd: openFile });
    server.client.expect("close", { fds: [openFile] });
    expect(server.script.calls).toEqual(["statOpen /file", "close open /file", "close control /file"]);
  });
});

describe("an open file", () => {
  test("is read and written only as it was opened: EBADF", () => {
    using server = new ScriptedServer();
    const { file } = openEachKind(server);
    const open = (flags: number): FdId => server.client.expect("openAt", { fd: file, flags }).openFd;
    const [readable, writable] = [open(0), open(1)];
    server.script.calls.length = 0;
    const data = { at: 0, length: 0 };
    expect([
      server.client.call("pWrite", { offset: 0, fd: readable, data }),
      server.client.call("fAllocate", { fd: readable, mode: 0, offset: 0, length: 1 }),
      server.client.call("pRead", { offset: 0, fd: writable, count: 1 }),
    ]).toEqual(["EBADF", "EBADF", "EBADF"]);
    expect(server.script.calls).toEqual([]);
  });

  test.each([payloadBytesMax - 7, 2 ** 31, 2 ** 32 - 1])("is answered ENOBUFS to a read of %p bytes", (count) => {
    using server = new ScriptedServer();
    const { openFile } = openEachKind(server);
    expect(server.client.call("pRead", { offset: 0, fd: openFile, count })).toBe("ENOBUFS");
  });

  test("is read up to what fits into a reply", () => {
    using server = new ScriptedServer();
    const { openFile } = openEachKind(server);
    expect(server.client.call("pRead", { offset: 0, fd: openFile, count: payloadBytesMax - 8 })).not.toBeString();
  });
});

describe("setStat", () => {
  test.each([0x1, 0x4, 0x80, 0x800, 0x1000, 2 ** 31])("with mask 0x%x asks for what cannot be set: EPERM", (mask) => {
    using server = new ScriptedServer();
    const { setStat } = sampleRequests(openEachKind(server));
    expect(server.client.call("setStat", { ...setStat, mask: (setStat.mask | mask) >>> 0 })).toBe("EPERM");
    expect(server.script.calls).toEqual([]);
  });

  test("passes on all that can be", () => {
    using server = new ScriptedServer();
    const { setStat } = sampleRequests(openEachKind(server));
    const mask = 0x2 | 0x8 | 0x10 | 0x20 | 0x40 | 0x200;
    expect(server.client.expect("setStat", { ...setStat, mask })).toEqual({
      failureMask: mask,
      failureErrno: Errno.EPERM,
    });
  });
});

describe("linking", () => {
  test("a directory is answered EPERM, something that is no file's position EBADF or EINVAL", () => {
    using server = new ScriptedServer();
    const { directory, openFile } = openEachKind(server);
    const name = "name" as ByteString;
    const link = (linkedFd: FdId) => server.client.call("linkAt", { dirFd: directory, linkedFd, name });
    expect([link(directory), link(12345 as FdId), link(openFile)]).toEqual(["EPERM", "EBADF", "EINVAL"]);
    expect(server.script.calls).toEqual([]);
  });

  test("a file whose place the directory itself has taken is answered EPERM", () => {
    using server = new ScriptedServer();
    const { directory, file } = openEachKind(server);
    server.script.modes.set("/file", 0o040755);
    const { inodes } = server.client.expect("walk", { dirFd: directory, path: ["file" as ByteString] });
    const dirFd = inodes[0]?.controlFd as FdId;
    expect(server.client.call("linkAt", { dirFd, linkedFd: file, name: "name" as ByteString })).toBe("EPERM");
    expect(server.client.call("fStat", { fd: file })).not.toBeString();
  });
});

describe("syncing", () => {
  test("does all it can, and answers the first failure", () => {
    using server = new ScriptedServer();
    const { directory, openFile, openDirectory } = openEachKind(server);
    const unknown = 12345 as FdId;
    expect(server.client.call("fSync", { fds: [openFile, unknown, directory, openDirectory] })).toBe("EBADF");
    expect(server.script.calls).toEqual(["sync /file", "sync /directory"]);
    expect(server.client.call("fSync", { fds: [directory, unknown] })).toBe("EINVAL");
    expect(server.client.call("fSync", { fds: [] })).not.toBeString();
  });
});

describe("closing", () => {
  test("takes many at a time and passes over what it does not know", () => {
    using server = new ScriptedServer();
    const { file, link, socket } = openEachKind(server);
    server.client.expect("close", { fds: [link, 0 as FdId, 12345 as FdId, link, socket] });
    expect(server.script.calls).toEqual(["close control /link", "close control /socket"]);
    expect(server.client.call("fStat", { fd: file })).not.toBeString();
    expect(server.client.call("fStat", { fd: link })).toBe("EBADF");
  });
});

describe("reading a directory", () => {
  test.each([
    [1000, "1000 false"],
    [-1000, "1000 true"],
    [0, "0 false"],
    [-(2 ** 31), `${2 ** 31} true`],
  ])("of %p bytes asks the backend for %s: negative rewinds", (count, detail) => {
    using server = new ScriptedServer();
    const { openDirectory } = openEachKind(server);
    server.client.expect("getdents64", { dirFd: openDirectory, count });
    expect(server.script.calls).toEqual([`readDirectory /directory ${detail}`]);
  });
});

describe("a socket", () => {
  test("is what can be connected to; anything else is answered ENOTSOCK", () => {
    using server = new ScriptedServer();
    const { file } = openEachKind(server);
    expect(server.client.call("connect", { fd: file, sockType: 1 })).toBe("ENOTSOCK");
    expect(server.client.call("connectWithCreds", { fd: file, sockType: 1, uid: 0, gid: 0 })).toBe("ENOTSOCK");
  });
});

describe("a link's target", () => {
  test("is asked of symlinks only: EINVAL", () => {
    using server = new ScriptedServer();
    const { file } = openEachKind(server);
    expect(server.client.call("readLinkAt", { fd: file })).toBe("EINVAL");
  });
});

describe("mounting", () => {
  test("may be done again, and gives another FD", () => {
    using server = new ScriptedServer();
    expect(server.mount()).not.toBe(server.mount());
  });

  test("goes by the connection's mount path, on the same nodes as others", () => {
    using server = new ScriptedServer();
    const inner = server.connect("/a//b/");
    inner.expect("mount", undefined);
    expect(server.script.calls).toEqual(["mount /a/b"]);
  });

  test.each(["/a/../b", "/./a"])("at %j is answered EINVAL", (path) => {
    using server = new ScriptedServer();
    expect(server.connect(path).call("mount", undefined)).toBe("EINVAL");
    expect(server.script.calls).toEqual([]);
  });

  test("below what was removed starts afresh", () => {
    using server = new ScriptedServer();
    const root = server.mount();
    const inner = server.connect("/a/b");
    inner.expect("mount", undefined);
    server.client.expect("unlinkAt", { dirFd: root, flags: 0, name: "a" as ByteString });
    expect(inner.call("mount", undefined)).not.toBeString();
  });
});

describe("channels", () => {
  test("are given up to the limit, then ENOMEM", () => {
    using server = new ScriptedServer();
    server.mount();
    let given = 0;
    for (;;) {
      const answer = server.client.call("channel", undefined);
      if (typeof answer === "string") {
        expect(answer).toBe("ENOMEM");
        break;
      }
      for (const fd of answer.fds) takeAndClose(fd);
      expect([answer.fds.length, answer.reply]).toEqual([2, { dataOffset: given * 2 ** 21, dataLength: 2 ** 21 }]);
      given++;
    }
    expect(given).toBeGreaterThanOrEqual(2);
    expect(given).toBeLessThanOrEqual(4);
  });
});
