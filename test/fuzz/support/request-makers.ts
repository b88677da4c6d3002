import type { ByteString } from "../../../ffi/byte-string.ts";
import { S_IFCHR, S_IFREG } from "../../../ffi/linux.ts";
import type { FdId, U64 } from "../../../src/wire/integers.ts";
import { payloadBytesMax, stringBytesMax } from "../../../src/wire/limits.ts";
import type { MessageName, RequestOf } from "../../../src/wire/messages.ts";
import { noId } from "../../../src/wire/records.ts";
import type { FdKind, KnownFds } from "./known-fds.ts";
import type { Random } from "./random.ts";

/** What a request is made from. */
export interface Making {
  readonly random: Random;
  readonly fds: KnownFds;
}

type Maker<N extends MessageName> = (making: Making) => RequestOf<N>;

/** Entries of the tree, and names for new ones: few, so that requests meet each other. */
const usualNames = [
  "file",
  "dir",
  "deep",
  "deeper",
  "empty",
  "large",
  "hardlink",
  "swap",
  "fifo",
  "null",
  "socket",
  "a",
  "b",
  "c",
];
const linkNames = [
  "to-file",
  "to-directory",
  "to-parent",
  "to-root",
  "to-canary",
  "to-canary-up",
  "to-neighbour",
  "loop",
];
const oddNames = ["", ".", "..", "/", "a/b", "../canary", "/canary/file", "a\0b", "..\0", "\xff\xfe", "canary"].concat(
  [255, 256, 4095, 4096, stringBytesMax].map((length) => "n".repeat(length)),
);
const attributeNames = ["user.a", "user.b", "trusted.a", "security.capability", "system.posix_acl_access", "bad", ""];

const oddIntegers: readonly U64[] = [
  0,
  1,
  4096,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 53 - 1,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];

/** Flags of openat(2) and more: all access modes, and bits that a client may not choose. */
const openFlags = [0, 0, 1, 2, 2, 3, 0o1000, 0o1002, 0o100, 0o302, 0o10000000, 0o20200000, 0xffff_ffff];

const dataBytesUsual = 5000;
const walkNamesUsual = 5;
const walkNamesMany = 2000;

function fd({ fds, random }: Making, ...kinds: readonly FdKind[]): FdId {
  return fds.pick(random, random.pick(kinds));
}

function name({ random }: Making): ByteString {
  if (random.chance(0.1)) return random.pick(oddNames) as ByteString;
  return random.pick(random.chance(0.15) ? linkNames : usualNames) as ByteString;
}

function word({ random }: Making): number {
  return random.chance(0.5) ? random.below(8) : random.word();
}

function id({ random }: Making): number {
  return random.pick([0, 0, noId, noId, 65534, random.word()]);
}

/** A size or an offset. */
function integer({ random }: Making): U64 {
  return random.chance(0.8) ? random.below(100_000) : random.pick(oddIntegers);
}

function creation(making: Making): Pick<RequestOf<"mkdirAt">, "dirFd" | "uid" | "gid" | "mode" | "name"> {
  const { random } = making;
  const mode = random.chance(0.8) ? 0o755 : random.below(0x10000);
  return { dirFd: fd(making, "directory"), uid: id(making), gid: id(making), mode, name: name(making) };
}

function path(making: Making): ByteString[] {
  const { random } = making;
  const length = random.chance(0.01) ? random.below(walkNamesMany) : random.below(walkNamesUsual);
  return Array.from({ length }, () => name(making));
}

function someFds(making: Making): FdId[] {
  return Array.from({ length: making.random.below(4) }, () =>
    fd(making, "openFile", "file", "directory", "boundSocket"),
  );
}

function renaming(making: Making): RequestOf<"renameAt"> {
  const oldDir = fd(making, "directory");
  const newDir = fd(making, "directory");
  return { oldDir, newDir, oldName: name(making), newName: name(making) };
}

/** Seconds and nanoseconds, right or not. */
function times(making: Making): Pick<RequestOf<"setStat">, "atimeSec" | "atimeNsec" | "mtimeSec" | "mtimeNsec"> {
  const [atimeSec, atimeNsec, mtimeSec, mtimeNsec] = [0, 1, 2, 3].map(() => BigInt.asIntN(64, BigInt(integer(making))));
  return { atimeSec: atimeSec ?? 0, atimeNsec: atimeNsec ?? 0, mtimeSec: mtimeSec ?? 0, mtimeNsec: mtimeNsec ?? 0 };
}

/** Requests of every kind that make sense about half of the time. */
export const requestMakers: { readonly [N in MessageName]: Maker<N> } = {
  error: () => undefined,
  mount: () => undefined,
  channel: () => undefined,
  fStat: (making) => ({ fd: fd(making, "file", "directory", "openFile", "link") }),
  setStat: (making) => ({
    fd: fd(making, "file", "file", "directory", "link", "socket"),
    mask: making.random.chance(0.9) ? making.random.word() & 0x26a : word(making),
    mode: 0o777 & making.random.word(),
    uid: id(making),
    gid: id(making),
    size: integer(making),
    ...times(making),
  }),
  walk: (making) => ({ dirFd: fd(making, "directory"), path: path(making) }),
  walkStat: (making) => {
    const names = path(making);
    return { dirFd: fd(making, "directory"), path: making.random.chance(0.3) ? ["" as ByteString, ...names] : names };
  },
  openAt: (making) => ({
    fd: fd(making, "file", "file", "directory", "special", "socket"),
    flags: making.random.pick(openFlags),
  }),
  openCreateAt: (making) => ({ ...creation(making), flags: making.random.pick(openFlags) }),
  close: (making) => ({ fds: someFds(making) }),
  fSync: (making) => ({ fds: someFds(making) }),
  pWrite: (making) => {
    const { random } = making;
    const length = random.below(random.chance(0.02) ? payloadBytesMax - 20 : dataBytesUsual);
    return { offset: integer(making), fd: fd(making, "openFile"), data: { at: 0, length } };
  },
  pRead: (making) => ({
    offset: integer(making),
    fd: fd(making, "openFile"),
    count: making.random.chance(0.9) ? making.random.below(dataBytesUsual) : making.random.word(),
  }),
  mkdirAt: creation,
  mknodAt: (making) => {
    const { random } = making;
    const mode = random.chance(0.5) ? S_IFREG | 0o644 : random.pick([S_IFCHR, random.below(0x10000)]);
    return { ...creation(making), mode, minor: random.pick([0, 0, 3]), major: random.pick([0, 0, 1]) };
  },
  symlinkAt: (making) => ({
    dirFd: fd(making, "directory"),
    uid: id(making),
    gid: id(making),
    name: name(making),
    linkTarget: making.random.pick(["/canary", "../canary", "../..", "file", "/"]) as ByteString,
  }),
  linkAt: (making) => ({
    dirFd: fd(making, "directory"),
    linkedFd: fd(making, "file", "file", "link", "socket", "directory"),
    name: name(making),
  }),
  fStatFs: (making) => ({ fd: fd(making, "file", "directory") }),
  fAllocate: (making) => ({
    fd: fd(making, "openFile"),
    mode: making.random.chance(0.7) ? making.random.below(4) : integer(making),
    offset: integer(making),
    length: integer(making),
  }),
  readLinkAt: (making) => ({ fd: fd(making, "link") }),
  flush: (making) => ({ fd: fd(making, "openFile") }),
  connect: (making) => ({ fd: fd(making, "socket"), sockType: making.random.pick([1, 1, 2, 5, 0, 9]) }),
  unlinkAt: (making) => ({
    dirFd: fd(making, "directory"),
    flags: making.random.pick([0, 0, 0x200, word(making)]),
    name: name(making),
  }),
  renameAt: renaming,
  getdents64: (making) => ({
    dirFd: fd(making, "openDirectory"),
    count: making.random.pick([-65536, -300, 0, 1, 24, 300, 65536, 2 ** 31 - 1, -(2 ** 31)]),
  }),
  fGetXattr: (making) => ({
    fd: fd(making, "file", "directory", "link", "socket"),
    bufferBytes: making.random.pick([0, 10, 65536, word(making)]),
    name: making.random.pick(attributeNames) as ByteString,
  }),
  fSetXattr: (making) => ({
    fd: fd(making, "file", "directory", "link", "socket"),
    flags: making.random.pick([0, 0, 1, 2, word(making)]),
    name: making.random.pick(attributeNames) as ByteString,
    value: making.random.bytes(making.random.below(300)),
  }),
  fListXattr: (making) => ({ fd: fd(making, "file", "directory", "link", "socket"), size: integer(making) }),
  fRemoveXattr: (making) => ({
    fd: fd(making, "file", "directory", "link", "socket"),
    name: making.random.pick(attributeNames) as ByteString,
  }),
  bindAt: (making) => ({ ...creation(making), sockType: making.random.pick([1, 1, 2, 5, 0, 9]) }),
  listen: (making) => ({ fd: fd(making, "boundSocket"), backlog: making.random.pick([0, 1, 5, -1, 2 ** 31 - 1]) }),
  accept: (making) => ({ fd: fd(making, "boundSocket") }),
  connectWithCreds: (making) => ({
    fd: fd(making, "socket"),
    sockType: making.random.pick([1, 1, 2, 5, 0, 9]),
    uid: id(making),
    gid: id(making),
  }),
  renameAt2: (making) => ({ ...renaming(making), flags: making.random.pick([0, 1, 2, 4, 3, word(making)]) }),
};
