import type { ByteString } from "../../../ffi/byte-string.ts";
import type { FdId } from "../../../src/wire/integers.ts";
import type { MessageName, RequestOf } from "../../../src/wire/messages.ts";

/** One FD of each kind. */
export interface SampleFds {
  readonly directory: FdId;
  readonly file: FdId;
  readonly link: FdId;
  readonly socket: FdId;
  readonly openFile: FdId;
  readonly openDirectory: FdId;
  readonly boundSocket: FdId;
}

const name = "name" as ByteString;
const creation = { uid: 1, gid: 2, mode: 0o644 };
/** Data of the request itself stands at 0, where nothing is. */
const noData = { at: 0, length: 0 };

/** What a setStat request says of attributes that its mask leaves out. */
export const noAttributes = {
  mode: 0,
  uid: 0,
  gid: 0,
  size: 0,
  atimeSec: 0,
  atimeNsec: 0,
  mtimeSec: 0,
  mtimeNsec: 0,
} as const;

/** A request of each kind that a scripted backend serves. */
export function sampleRequests(fds: SampleFds): { readonly [N in MessageName]: RequestOf<N> } {
  const { directory, file, link, socket, openFile, openDirectory, boundSocket } = fds;
  return {
    error: undefined,
    mount: undefined,
    channel: undefined,
    fStat: { fd: file },
    setStat: {
      fd: file,
      mask: 2,
      ...noAttributes,
    },
    walk: { dirFd: directory, path: [name] },
    walkStat: { dirFd: directory, path: [name] },
    openAt: { fd: file, flags: 2 },
    openCreateAt: { dirFd: directory, ...creation, flags: 2, name },
    close: { fds: [] },
    fSync: { fds: [openFile] },
    pWrite: { offset: 5, fd: openFile, data: noData },
    pRead: { offset: 5, fd: openFile, count: 3 },
    mkdirAt: { dirFd: directory, ...creation, name },
    mknodAt: { dirFd: directory, ...creation, mode: 0o100644, minor: 3, major: 4, name },
    symlinkAt: { dirFd: directory, uid: 1, gid: 2, name, linkTarget: "target" as ByteString },
    linkAt: { dirFd: directory, linkedFd: file, name },
    fStatFs: { fd: file },
    fAllocate: { fd: openFile, mode: 1, offset: 2, length: 3 },
    readLinkAt: { fd: link },
    flush: { fd: openFile },
    connect: { fd: socket, sockType: 1 },
    unlinkAt: { dirFd: directory, flags: 0, name },
    renameAt: { oldDir: directory, newDir: directory, oldName: name, newName: "other" as ByteString },
    getdents64: { dirFd: openDirectory, count: 1000 },
    fGetXattr: { fd: file, bufferBytes: 10, name: "user.x" as ByteString },
    fSetXattr: { fd: file, flags: 1, name: "user.x" as ByteString, value: new Uint8Array([0x76]) },
    fListXattr: { fd: file, size: 100 },
    fRemoveXattr: { fd: file, name: "user.x" as ByteString },
    bindAt: { dirFd: directory, ...creation, sockType: 1, name },
    listen: { fd: boundSocket, backlog: 5 },
    accept: { fd: boundSocket },
    connectWithCreds: { fd: socket, sockType: 1, uid: 3, gid: 4 },
    renameAt2: { oldDir: directory, newDir: directory, oldName: name, newName: "other" as ByteString, flags: 1 },
  };
}
