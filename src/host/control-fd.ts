import type { ByteString } from "../../ffi/byte-string.ts";
import { Errno, Failure, fail, type Result } from "../../ffi/errno.ts";
import {
  inDirectory,
  makeDirectory,
  makeLink,
  makeNode,
  makeSymlink,
  openAt,
  openWithoutSymlinks,
  readLinkInto,
  removeEntry,
  renameEntry,
} from "../../ffi/files.ts";
import { type HostFd, takeAndClose, workingDirectory } from "../../ffi/host-fd.ts";
import {
  AT_REMOVEDIR,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_WRONLY,
  S_IFCHR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  XATTR_LIST_MAX,
  XATTR_SIZE_MAX,
} from "../../ffi/linux.ts";
import { getXattrInto, listXattrs, removeXattr, setXattr, type XattrTarget } from "../../ffi/xattrs.ts";
import { ControlFd, type Creation, type Found, type HostFdGift, type Opened } from "../server/fds.ts";
import type { MaybePromise } from "../server/maybe-promise.ts";
import type { Node } from "../server/node.ts";
import type { U64 } from "../wire/integers.ts";
import type { ReplyOf, RequestOf } from "../wire/messages.ts";
import type { StatFs } from "../wire/records.ts";
import type { Statx } from "../wire/statx.ts";
import type { HostConfig } from "./config.ts";
import {
  giveTo,
  type OpenedHostFile,
  openForControl,
  type ParentPlace,
  refuseUnsupportedType,
  safeOpenFlags,
  statOf,
} from "./files.ts";
import { HostOpenFd } from "./open-fd.ts";
import type { RejectionLog } from "./rejections.ts";
import { setAttributes } from "./set-attributes.ts";
import { statFsOf } from "./stat-fs.ts";
import { bindNew, connectTo, connectToAs, HostBoundSocketFd, type SocketPlace } from "./unix-sockets.ts";

/** What binding gives; see ControlFd.bind(). */
interface BoundSocket {
  readonly found: Found;
  readonly boundSocket: HostBoundSocketFd;
  readonly gift: HostFdGift;
}

/** What all control FDs of a connection share. */
export interface HostFdOwner {
  readonly config: HostConfig;
  readonly rejections: RejectionLog;
}

/** A position in the host's file system, held by a descriptor. */
export class HostControlFd extends ControlFd {
  readonly hostFd: HostFd;
  readonly #owner: HostFdOwner;
  readonly #isDonatedMountPoint: boolean;
  #writableFd: HostFd | undefined;

  /** Takes the reference to `node` and the descriptor in `opened`. */
  constructor(owner: HostFdOwner, node: Node, opened: OpenedHostFile, isDonatedMountPoint = false) {
    super(node, opened.stat.mode);
    this.hostFd = opened.fd;
    this.#owner = owner;
    this.#isDonatedMountPoint = isDonatedMountPoint;
  }

  protected override close(): void {
    takeAndClose(this.hostFd);
    if (this.#writableFd !== undefined) takeAndClose(this.#writableFd);
    this.#writableFd = undefined;
  }

  override stat(): Result<Statx> {
    return statOf(this.hostFd);
  }

  override setStat(request: RequestOf<"setStat">): ReplyOf<"setStat"> {
    return setAttributes(this, request);
  }

  override walk(name: ByteString): Result<Found> {
    return this.#found(name, openForControl(this.hostFd, name));
  }

  override walkStat(path: readonly ByteString[]): Result<readonly Statx[]> {
    const stats: Statx[] = [];
    let directory = this.hostFd;
    try {
      for (let index = 0; index < path.length; index++) {
        const name = path[index] as ByteString;
        if (index > 0 || name !== "") {
          if (this.isSymlink) break;
          const next = openAt(directory, name, O_PATH | safeOpenFlags);
          if (next instanceof Failure) {
            if (next.errno === Errno.ENOENT) break;
            return next;
          }
          if (directory !== this.hostFd) takeAndClose(directory);
          directory = next;
        }
        const stat = statOf(directory);
        if (stat instanceof Failure) return stat;
        const refusal = refuseUnsupportedType(stat.mode);
        if (refusal !== undefined) return refusal;
        stats.push(stat);
        if ((stat.mode & S_IFMT) === S_IFLNK) break;
      }
    } finally {
      if (directory !== this.hostFd) takeAndClose(directory);
    }
    return stats;
  }

  override open(flags: number): Result<Opened> {
    const refusal = this.#refuseOpen();
    if (refusal !== undefined) return refusal;
    const isLent = this.isRegular || this.#isPipeOrDevice || this.#isDonatedMountPoint;
    const opened = this.#reopen(this.hostFd, flags | (isLent ? O_NONBLOCK : 0));
    if (opened instanceof Failure) return opened;
    return {
      fd: new HostOpenFd(this, opened, flags, this.#owner.config.calls),
      gift: isLent ? { fd: opened, donated: false, isNonblocking: true } : undefined,
    };
  }

  override openCreate(
    name: ByteString,
    { mode, uid, gid }: Creation,
    flags: number,
  ): Result<{ readonly found: Found; readonly opened: Opened }> {
    const createFlags = O_CREAT | O_EXCL | O_RDONLY | O_NONBLOCK | safeOpenFlags;
    const hostFd = openAt(this.hostFd, name, createFlags, mode & ~S_IFMT);
    if (hostFd instanceof Failure) return hostFd;
    const made = this.#adopt(hostFd, uid, gid);
    const opened = made instanceof Failure ? made : this.#reopen(hostFd, flags | O_NONBLOCK);
    if (made instanceof Failure || opened instanceof Failure) {
      takeAndClose(hostFd);
      this.#removeAfterFailure(name, 0);
      return opened instanceof Failure ? opened : fail(Errno.EIO);
    }
    const fd = this.#child(name, made);
    return {
      found: { fd, stat: made.stat },
      opened: {
        fd: new HostOpenFd(fd, opened, flags, this.#owner.config.calls),
        gift: { fd: opened, donated: false, isNonblocking: true },
      },
    };
  }

  override mkdir(name: ByteString, { mode, uid, gid }: Creation): Result<Found> {
    const outcome = makeDirectory(this.hostFd, name, mode & ~S_IFMT);
    return outcome ?? this.#foundNew(name, uid, gid, O_DIRECTORY, AT_REMOVEDIR);
  }

  /** Regular files and whiteouts (a character device numbered 0:0) need no privilege that a gofer should have; no others. */
  override mknod(name: ByteString, { mode, uid, gid }: Creation, minor: number, major: number): Result<Found> {
    const type = mode & S_IFMT;
    const isWhiteout = type === S_IFCHR && minor === 0 && major === 0;
    if (type !== S_IFREG && !isWhiteout) return fail(Errno.EPERM);
    return makeNode(this.hostFd, name, mode) ?? this.#foundNew(name, uid, gid, 0, 0);
  }

  override symlink(name: ByteString, linkTarget: ByteString, uid: number, gid: number): Result<Found> {
    return makeSymlink(linkTarget, this.hostFd, name) ?? this.#foundNew(name, uid, gid, O_PATH, 0);
  }

  /** By name, not by descriptor: linking a descriptor takes a privilege in the initial user namespace. */
  override link(directory: ControlFd, name: ByteString): Result<Found> {
    const target = hostControlFd(directory);
    const place = this.parentPlace();
    if (place instanceof Failure) return place;
    const outcome = makeLink(place.directory, place.name, target.hostFd, name);
    takeAndClose(place.directory);
    if (outcome !== undefined) return outcome;
    const found = target.walk(name);
    if (found instanceof Failure) target.#removeAfterFailure(name, 0);
    return found;
  }

  override unlink(name: ByteString, flags: number): Result<void> {
    return removeEntry(this.hostFd, name, flags);
  }

  override rename(oldName: ByteString, newDirectory: ControlFd, newName: ByteString, flags: number): Result<void> {
    return renameEntry(this.hostFd, oldName, hostControlFd(newDirectory).hostFd, newName, flags);
  }

  override statFs(): Result<StatFs> {
    return statFsOf(this.hostFd);
  }

  override readLink(bodyAt: number, bodyBytesMax: number): Result<number> {
    const length = readLinkInto(this.hostFd, bodyAt, bodyBytesMax);
    return length === bodyBytesMax ? fail(Errno.ENOMEM) : length;
  }

  override getXattr(name: ByteString, size: number, bodyAt: number, bodyBytesMax: number): Result<number> {
    const wanted = size === 0 || size > XATTR_SIZE_MAX ? XATTR_SIZE_MAX : size;
    return this.#onXattrTarget((target) => getXattrInto(target, name, bodyAt, Math.min(wanted, bodyBytesMax)));
  }

  override setXattr(name: ByteString, value: Uint8Array, flags: number): Result<void> {
    return this.#onXattrTarget((target) => setXattr(target, name, value, flags));
  }

  override listXattrs(size: U64): Result<readonly ByteString[]> {
    const wanted = size === 0 || size > XATTR_LIST_MAX ? XATTR_LIST_MAX : Number(size);
    return this.#onXattrTarget((target) => listXattrs(target, wanted));
  }

  override removeXattr(name: ByteString): Result<void> {
    return this.#onXattrTarget((target) => removeXattr(target, name));
  }

  override connect(socketType: number): MaybePromise<Result<HostFd>> {
    const { config } = this.#owner;
    return this.#refuseConnect() ?? connectTo(this.#socketPlace, socketType, config.calls);
  }

  override connectAs(socketType: number, uid: number, gid: number): MaybePromise<Result<HostFd>> {
    const { calls, ids } = this.#owner.config;
    return this.#refuseConnect() ?? connectToAs(this.#socketPlace, socketType, { uid, gid }, ids, calls);
  }

  override bind(name: ByteString, { mode, uid, gid }: Creation, socketType: number): Result<BoundSocket> {
    const { config, rejections } = this.#owner;
    if (!config.hostUds.create) {
      rejections.say("create a Unix domain socket", name);
      return fail(Errno.EPERM);
    }
    const directory = this.node.path();
    const path = `${directory === "/" ? "" : directory}/${name}` as ByteString;
    const socket = bindNew({ directory: this.hostFd, name, path }, socketType, mode & ~S_IFMT);
    if (socket instanceof Failure) return socket;
    const found = this.#foundNew(name, uid, gid, 0, 0);
    if (found instanceof Failure) {
      takeAndClose(socket);
      return found;
    }
    return { found, boundSocket: new HostBoundSocketFd(found.fd, socket), gift: { fd: socket, donated: false } };
  }

  /** A descriptor of this regular file that is open for writing, made on first use; stays the control FD's. */
  writableFd(): Result<HostFd> {
    if (this.#writableFd !== undefined) return this.#writableFd;
    const opened = this.#reopen(this.hostFd, O_WRONLY);
    if (!(opened instanceof Failure)) this.#writableFd = opened;
    return opened;
  }

  /** A path to this very file, wherever it stands: through its descriptor. Borrowed. Source: proc_pid_fd(5). */
  get placeInProc(): ParentPlace {
    return { directory: this.#owner.config.procSelfFd, name: String(this.hostFd) as ByteString };
  }

  /** Where this file stands. No symbolic link is followed on the way, so the path cannot be bent. EINVAL for the root. */
  parentPlace(): Result<ParentPlace> {
    const { parent, name } = this.node;
    if (parent === undefined) return fail(Errno.EINVAL);
    const directory = openWithoutSymlinks(workingDirectory, parent.path(), O_PATH | safeOpenFlags);
    return directory instanceof Failure ? directory : { directory, name };
  }

  get #isPipeOrDevice(): boolean {
    return this.fileType === S_IFIFO || this.fileType === S_IFCHR;
  }

  /** Attributes of what is held as a mere position can only be reached by path, from a directory that no link leads to. */
  #onXattrTarget<T>(action: (target: XattrTarget) => Result<T>): Result<T> {
    if (!this.isSocket && !this.isSymlink) return action(this.hostFd);
    const place = this.parentPlace();
    if (place instanceof Failure) return place;
    const result = inDirectory(place.directory, () => action(place.name));
    takeAndClose(place.directory);
    return result;
  }

  get #socketPlace(): SocketPlace {
    return { position: this.hostFd, path: this.node.path(), procSelfFd: this.#owner.config.procSelfFd };
  }

  #refuseConnect(): Failure | undefined {
    const { config, rejections } = this.#owner;
    if (config.hostUds.open) return undefined;
    rejections.say("connect to a Unix domain socket", this.node.path());
    return fail(Errno.EPERM);
  }

  #refuseOpen(): Failure | undefined {
    const { config, rejections } = this.#owner;
    if (this.fileType === S_IFIFO && !config.hostFifo) rejections.say("open a FIFO", this.node.path());
    else if (this.fileType === S_IFSOCK && !config.hostUds.open) {
      rejections.say("open a Unix domain socket", this.node.path());
    } else if (this.fileType === S_IFCHR && !config.characterDevices) {
      rejections.say("open a character device", this.node.path());
    } else return undefined;
    return fail(Errno.EPERM);
  }

  /** Opens an open file anew, with flags of its own. The caller owns the descriptor. Source: proc_pid_fd(5). */
  #reopen(fd: HostFd, flags: number): Result<HostFd> {
    return openAt(this.#owner.config.procSelfFd, String(fd) as ByteString, flags | O_CLOEXEC);
  }

  #child(name: ByteString, opened: OpenedHostFile): HostControlFd {
    return new HostControlFd(this.#owner, this.node.acquireChild(name), opened);
  }

  #found(name: ByteString, opened: Result<OpenedHostFile>): Result<Found> {
    return opened instanceof Failure ? opened : { fd: this.#child(name, opened), stat: opened.stat };
  }

  /** Gives a new file to its owner and looks at it. Borrows `hostFd`. */
  #adopt(hostFd: HostFd, uid: number, gid: number): Result<OpenedHostFile> {
    const given = giveTo(hostFd, uid, gid);
    if (given !== undefined) return given;
    const stat = statOf(hostFd);
    return stat instanceof Failure ? stat : { fd: hostFd, stat };
  }

  /** Opens the entry just made and gives it to its owner; takes it away again when that fails. */
  #foundNew(name: ByteString, uid: number, gid: number, openFlags: number, unlinkFlags: number): Result<Found> {
    const opened = openForControl(this.hostFd, name, openFlags);
    const made = opened instanceof Failure ? opened : this.#adopt(opened.fd, uid, gid);
    if (made instanceof Failure) {
      if (!(opened instanceof Failure)) takeAndClose(opened.fd);
      this.#removeAfterFailure(name, unlinkFlags);
    }
    return this.#found(name, made);
  }

  #removeAfterFailure(name: ByteString, flags: number): void {
    const outcome = removeEntry(this.hostFd, name, flags);
    if (outcome instanceof Failure) {
      this.#owner.config.log.warn(`cannot remove what could not be created in full: ${outcome}`, { name });
    }
  }
}

/** All control FDs of a connection come from its backend. */
function hostControlFd(fd: ControlFd): HostControlFd {
  if (!(fd instanceof HostControlFd)) throw new TypeError("a control FD of another backend");
  return fd;
}
