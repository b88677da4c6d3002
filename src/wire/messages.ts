import { O_ACCMODE, O_RDONLY, O_TRUNC } from "../../ffi/linux.ts";
import type { ValueOf } from "./codec.ts";
import { array, pad, struct } from "./composite.ts";
import { copiedBytes, placedBytes, span } from "./data.ts";
import { placedDirents } from "./dirent.ts";
import { fdId, i32, i64, u8, u16, u32, u64 } from "./integers.ts";
import { readBytesMax, stringBytesMax } from "./limits.ts";
import { type MessageDefinition, message } from "./message.ts";
import { creation, empty, inode, statFs } from "./records.ts";
import { statx } from "./statx.ts";
import { byteString, component, nulFreeString } from "./strings.ts";

const controlTarget = { field: "fd", kind: "control" } as const;
const openTarget = { field: "fd", kind: "open" } as const;
const boundSocketTarget = { field: "fd", kind: "boundSocket" } as const;
const directoryTarget = { field: "dirFd", kind: "control", directory: true } as const;

const fdRequest = struct({ fd: fdId });
const fdListRequest = struct({ fds: array(fdId) });
const walkRequest = struct({ dirFd: fdId, path: array(byteString) });
const sizedBody = placedBytes(u16, stringBytesMax);

/** All messages of the protocol, by name. Source: pkg/lisafs/message.go for the layouts, handlers.go for the rest. */
export const messages = {
  /** Only ever a reply, in place of any other. */
  error: message({
    id: 0,
    mutates: false,
    lock: "none",
    target: undefined,
    request: empty,
    reply: struct({ errno: u32 }),
  }),
  /** Its handler locks along the mount path. */
  mount: message({
    id: 1,
    mutates: false,
    lock: "none",
    target: undefined,
    request: empty,
    reply: struct({ root: inode, messageBytesMax: u32, supported: array(u16) }),
  }),
  channel: message({
    id: 2,
    mutates: false,
    lock: "none",
    target: undefined,
    request: empty,
    reply: struct({ dataOffset: i64, dataLength: u64 }),
  }),
  fStat: message({
    id: 3,
    mutates: false,
    lock: "read",
    target: { field: "fd", kind: "any" },
    request: fdRequest,
    reply: statx,
  }),
  setStat: message({
    id: 4,
    mutates: true,
    lock: "write",
    target: controlTarget,
    request: struct({
      fd: fdId,
      mask: u32,
      mode: u32,
      uid: u32,
      gid: u32,
      size: u64,
      atimeSec: i64,
      atimeNsec: i64,
      mtimeSec: i64,
      mtimeNsec: i64,
    }),
    reply: struct({ failureMask: u32, failureErrno: u32 }),
  }),
  /** Its handler takes each directory's read lock in turn. */
  walk: message({
    id: 5,
    mutates: false,
    lock: "none",
    target: directoryTarget,
    request: walkRequest,
    reply: struct({ status: u8, inodes: array(inode) }),
  }),
  /** As walk; the start need not be a directory when the path is empty or only "". */
  walkStat: message({
    id: 6,
    mutates: false,
    lock: "none",
    target: { field: "dirFd", kind: "control" },
    request: walkRequest,
    reply: struct({ stats: array(statx) }),
  }),
  openAt: message({
    id: 7,
    mutates: false,
    mutatesIf: ({ flags }) => (flags & (O_ACCMODE | O_TRUNC)) !== O_RDONLY,
    lock: "read",
    target: controlTarget,
    request: struct({ fd: fdId, flags: u32, padding: pad(4) }),
    reply: struct({ openFd: fdId }),
  }),
  openCreateAt: message({
    id: 8,
    mutates: true,
    lock: "write",
    target: directoryTarget,
    request: struct({ ...creation, flags: u32, name: component }),
    reply: struct({ child: inode, newFd: fdId }),
  }),
  /** Unknown descriptors are passed over. */
  close: message({
    id: 9,
    mutates: false,
    lock: "none",
    target: undefined,
    request: fdListRequest,
    reply: empty,
  }),
  /** Its handler looks up each open descriptor in turn, and locks none: what is synced goes by the open file alone. */
  fSync: message({
    id: 10,
    mutates: false,
    lock: "none",
    target: undefined,
    request: fdListRequest,
    reply: empty,
  }),
  pWrite: message({
    id: 11,
    mutates: true,
    lock: "write",
    target: openTarget,
    request: struct({ offset: u64, fd: fdId, data: span }),
    reply: struct({ count: u64 }),
  }),
  pRead: message({
    id: 12,
    mutates: false,
    lock: "read",
    target: openTarget,
    request: struct({ offset: u64, fd: fdId, count: u32, padding: pad(4) }),
    reply: placedBytes(u64, readBytesMax),
  }),
  mkdirAt: message({
    id: 13,
    mutates: true,
    lock: "write",
    target: directoryTarget,
    request: struct({ ...creation, name: component }),
    reply: struct({ child: inode }),
  }),
  mknodAt: message({
    id: 14,
    mutates: true,
    lock: "write",
    target: directoryTarget,
    request: struct({ ...creation, minor: u32, major: u32, name: component }),
    reply: struct({ child: inode }),
  }),
  symlinkAt: message({
    id: 15,
    mutates: true,
    lock: "write",
    target: directoryTarget,
    request: struct({ dirFd: fdId, uid: u32, gid: u32, name: component, linkTarget: nulFreeString }),
    reply: struct({ child: inode }),
  }),
  /** Its handler looks up `linkedFd` as well and takes its read lock. */
  linkAt: message({
    id: 16,
    mutates: true,
    lock: "write",
    target: directoryTarget,
    request: struct({ dirFd: fdId, linkedFd: fdId, name: component }),
    reply: struct({ child: inode }),
  }),
  fStatFs: message({
    id: 17,
    mutates: false,
    lock: "read",
    target: controlTarget,
    request: fdRequest,
    reply: statFs,
  }),
  fAllocate: message({
    id: 18,
    mutates: true,
    lock: "write",
    target: openTarget,
    request: struct({ fd: fdId, mode: u64, offset: u64, length: u64 }),
    reply: empty,
  }),
  readLinkAt: message({
    id: 19,
    mutates: false,
    lock: "read",
    target: controlTarget,
    request: fdRequest,
    reply: sizedBody,
  }),
  flush: message({
    id: 20,
    mutates: false,
    lock: "read",
    target: openTarget,
    request: fdRequest,
    reply: empty,
  }),
  connect: message({
    id: 21,
    mutates: false,
    lock: "read",
    target: controlTarget,
    request: struct({ fd: fdId, sockType: u32, padding: pad(4) }),
    reply: empty,
  }),
  /** Its handler takes the write lock of the node that goes as well. */
  unlinkAt: message({
    id: 22,
    mutates: true,
    lock: "write",
    target: directoryTarget,
    request: struct({ dirFd: fdId, flags: u32, name: component }),
    reply: empty,
  }),
  /** Its handler looks up `newDir`, and checks only then that both are directories. */
  renameAt: message({
    id: 23,
    mutates: true,
    lock: "global",
    target: { field: "oldDir", kind: "control" },
    request: struct({ oldDir: fdId, newDir: fdId, oldName: component, newName: component }),
    reply: empty,
  }),
  getdents64: message({
    id: 24,
    mutates: false,
    lock: "read",
    target: { field: "dirFd", kind: "open", directory: true },
    request: struct({ dirFd: fdId, count: i32, padding: pad(4) }),
    reply: placedDirents,
  }),
  fGetXattr: message({
    id: 25,
    mutates: false,
    lock: "read",
    target: controlTarget,
    request: struct({ fd: fdId, bufferBytes: u32, name: nulFreeString }),
    reply: sizedBody,
  }),
  fSetXattr: message({
    id: 26,
    mutates: true,
    lock: "write",
    target: controlTarget,
    request: struct({ fd: fdId, flags: u32, name: nulFreeString, value: copiedBytes }),
    reply: empty,
  }),
  fListXattr: message({
    id: 27,
    mutates: false,
    lock: "read",
    target: controlTarget,
    request: struct({ fd: fdId, size: u64 }),
    reply: struct({ names: array(byteString) }),
  }),
  fRemoveXattr: message({
    id: 28,
    mutates: true,
    lock: "write",
    target: controlTarget,
    request: struct({ fd: fdId, name: nulFreeString }),
    reply: empty,
  }),
  bindAt: message({
    id: 29,
    mutates: true,
    lock: "write",
    target: directoryTarget,
    request: struct({ ...creation, sockType: u32, name: component }),
    reply: struct({ child: inode, boundSocketFd: fdId }),
  }),
  listen: message({
    id: 30,
    mutates: false,
    lock: "read",
    target: boundSocketTarget,
    request: struct({ fd: fdId, backlog: i32, padding: pad(4) }),
    reply: empty,
  }),
  accept: message({
    id: 31,
    mutates: false,
    lock: "read",
    target: boundSocketTarget,
    request: fdRequest,
    reply: struct({ peerAddress: byteString }),
  }),
  connectWithCreds: message({
    id: 32,
    mutates: false,
    lock: "read",
    target: controlTarget,
    request: struct({ fd: fdId, sockType: u32, padding: pad(4), uid: u32, gid: u32 }),
    reply: empty,
  }),
  /** As renameAt. */
  renameAt2: message({
    id: 33,
    mutates: true,
    lock: "global",
    target: { field: "oldDir", kind: "control" },
    request: struct({ oldDir: fdId, newDir: fdId, oldName: component, newName: component, flags: u32 }),
    reply: empty,
  }),
} as const satisfies Readonly<Record<string, MessageDefinition>>;

export type MessageName = keyof typeof messages;

/** What a request of this name decodes to. */
export type RequestOf<N extends MessageName> = ValueOf<(typeof messages)[N]["request"]>;

/** What a handler of this name returns; void, where the reply has no bytes. */
export type ReplyOf<N extends MessageName> = ValueOf<(typeof messages)[N]["reply"]>;

/** The kind of descriptor that dispatch looks up for a message of this name; never, where it looks up none. */
export type TargetKindOf<N extends MessageName> = NonNullable<(typeof messages)[N]["target"]>["kind"];

/** The names of the messages, in the order of their ids. */
export const messageNames: readonly MessageName[] = (Object.keys(messages) as MessageName[]).toSorted(
  (left, right) => messages[left].id - messages[right].id,
);

/** The definitions by message id, which is what headers carry; undefined for an unknown one. */
export const messageById: readonly (MessageDefinition | undefined)[] = messageNames.map((name) => messages[name]);
