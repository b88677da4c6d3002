import type { ByteString } from "../../ffi/byte-string.ts";
import type { Result } from "../../ffi/errno.ts";
import type { HostFd } from "../../ffi/host-fd.ts";
import { O_ACCMODE, O_RDONLY, O_WRONLY, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK } from "../../ffi/linux.ts";
import type { Span } from "../wire/data.ts";
import type { DirentWriter } from "../wire/dirent.ts";
import type { U64 } from "../wire/integers.ts";
import type { ReplyOf, RequestOf } from "../wire/messages.ts";
import type { StatFs } from "../wire/records.ts";
import type { Statx } from "../wire/statx.ts";
import type { MaybePromise } from "./maybe-promise.ts";
import type { Node } from "./node.ts";

/*
 * What a backend provides for each open descriptor of a client: the classes below, extended. Every method may answer at once
 * or by a promise. "Guarantee" says what the server holds while the method runs, until its promise is settled:
 *
 *   none    nothing
 *   read    the node cannot be changed, renamed or removed through this server
 *   write   nothing else happens on the node through this server
 *   global  nothing else happens in the whole tree through this server
 *
 * A method that fails leaves nothing behind. One that throws, or rejects, is a bug: the request is answered EREMOTEIO.
 */

/** A new control FD, whose one reference the caller owns, and the attributes of its file. */
export interface Found {
  readonly fd: ControlFd;
  readonly stat: Statx;
}

/** A descriptor to send to the client along with a reply: lent stays its owner's, donated is closed once it is sent. */
export interface HostFdGift {
  readonly fd: HostFd;
  readonly donated: boolean;
  /** Whether its open file is known to be nonblocking; any other is made so, which is a system call. */
  readonly isNonblocking?: true;
}

/** What opening gives: the open FD, whose one reference the caller owns, and what the client gets to use by itself. */
export interface Opened {
  readonly fd: OpenFd;
  readonly gift: HostFdGift | undefined;
}

/** Whom a new file shall belong to, and its permissions. An ID of `noId` leaves the one the kernel chose. */
export interface Creation {
  /** Permissions; for mknod with the file type. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** A descriptor of a client's. Counts references: the client's, and one for each request that is using it. */
abstract class Fd {
  #references = 1;

  acquire(): this {
    this.#references++;
    return this;
  }

  /** Gives a reference back; the last one closes. */
  release(): void {
    if (--this.#references === 0) this.destroy();
  }

  /** Called once, by the last release(). */
  protected abstract destroy(): void;
}

/** A position in the tree, opened for everything that goes by name or by file and not by an open file. */
export abstract class ControlFd extends Fd {
  readonly node: Node;
  /** The S_IFMT bits of the file's mode. */
  readonly fileType: number;

  /** Takes the reference to `node`. */
  constructor(node: Node, mode: number) {
    super();
    this.node = node;
    this.fileType = mode & S_IFMT;
  }

  get isDirectory(): boolean {
    return this.fileType === S_IFDIR;
  }

  get isRegular(): boolean {
    return this.fileType === S_IFREG;
  }

  get isSymlink(): boolean {
    return this.fileType === S_IFLNK;
  }

  get isSocket(): boolean {
    return this.fileType === S_IFSOCK;
  }

  protected override destroy(): void {
    this.node.release();
    this.close();
  }

  /** Frees what the backend holds. Guarantee: nobody uses the FD any more. */
  protected abstract close(): void;

  /** Guarantee: read. */
  abstract stat(): MaybePromise<Result<Statx>>;

  /** Changes each attribute in `request.mask`, all that can be. Guarantee: write. */
  abstract setStat(request: RequestOf<"setStat">): MaybePromise<ReplyOf<"setStat">>;

  /** Opens the entry `name` of this directory; ENOENT when there is none. Does not follow it. Guarantee: read. */
  abstract walk(name: ByteString): MaybePromise<Result<Found>>;

  /**
   * The attributes of each component of a path that starts here, up to the last that exists or the first symlink; of this very
   * file first, when the first component is empty. Only asked of connections with `walkStatSupported`. Guarantee: read on this node,
   * none below.
   */
  abstract walkStat(path: readonly ByteString[]): MaybePromise<Result<readonly Statx[]>>;

  /** Opens the file. `flags` holds an access mode and O_TRUNC at most. Never a symlink. Guarantee: read. */
  abstract open(flags: number): MaybePromise<Result<Opened>>;

  /** Creates and opens a regular file that was not there. Guarantee: write. */
  abstract openCreate(
    name: ByteString,
    creation: Creation,
    flags: number,
  ): MaybePromise<Result<{ readonly found: Found; readonly opened: Opened }>>;

  /** Guarantee: write. */
  abstract mkdir(name: ByteString, creation: Creation): MaybePromise<Result<Found>>;

  /** Guarantee: write. */
  abstract mknod(name: ByteString, creation: Creation, minor: number, major: number): MaybePromise<Result<Found>>;

  /** Guarantee: write. */
  abstract symlink(name: ByteString, linkTarget: ByteString, uid: number, gid: number): MaybePromise<Result<Found>>;

  /** Makes `name` in `directory`, of the same backend, one more name of this file. Guarantee: write on `directory`, read here. */
  abstract link(directory: ControlFd, name: ByteString): MaybePromise<Result<Found>>;

  /** Guarantee: write on this directory and on the entry. */
  abstract unlink(name: ByteString, flags: number): MaybePromise<Result<void>>;

  /** Renames within one backend; `flags` are those of renameat2(2). Guarantee: global. */
  abstract rename(
    oldName: ByteString,
    newDirectory: ControlFd,
    newName: ByteString,
    flags: number,
  ): MaybePromise<Result<void>>;

  /** Guarantee: read. */
  abstract statFs(): MaybePromise<Result<StatFs>>;

  /** Puts the link's target in place at `bodyAt` of the arena, `bodyBytesMax` at most, and gives its length. Guarantee: read. */
  abstract readLink(bodyAt: number, bodyBytesMax: number): MaybePromise<Result<number>>;

  /** Puts the attribute's value in place; `size` 0 asks for all of it, whatever its length. Guarantee: read. */
  abstract getXattr(name: ByteString, size: number, bodyAt: number, bodyBytesMax: number): MaybePromise<Result<number>>;

  /** Guarantee: write. */
  abstract setXattr(name: ByteString, value: Uint8Array, flags: number): MaybePromise<Result<void>>;

  /** `size` is the client's room for the list in bytes, 0 for any. Guarantee: read. */
  abstract listXattrs(size: U64): MaybePromise<Result<readonly ByteString[]>>;

  /** Guarantee: write. */
  abstract removeXattr(name: ByteString): MaybePromise<Result<void>>;

  /** Connects to this socket and gives the connected end, which the caller owns. Guarantee: read. */
  abstract connect(socketType: number): MaybePromise<Result<HostFd>>;

  /** As connect(), with the effective IDs given. Guarantee: read. */
  abstract connectAs(socketType: number, uid: number, gid: number): MaybePromise<Result<HostFd>>;

  /** Creates a socket that is bound to `name`, and says what the client gets to use by itself. Guarantee: write. */
  abstract bind(
    name: ByteString,
    creation: Creation,
    socketType: number,
  ): MaybePromise<Result<{ readonly found: Found; readonly boundSocket: BoundSocketFd; readonly gift: HostFdGift }>>;
}

/** A file opened for reading, writing or both. Keeps its control FD alive. */
export abstract class OpenFd extends Fd {
  readonly controlFd: ControlFd;
  readonly isReadable: boolean;
  readonly isWritable: boolean;

  /** Takes a reference to `controlFd` of its own. `flags` are those the file was opened with. */
  constructor(controlFd: ControlFd, flags: number) {
    super();
    this.controlFd = controlFd.acquire();
    const accessMode = flags & O_ACCMODE;
    this.isReadable = accessMode !== O_WRONLY;
    this.isWritable = accessMode !== O_RDONLY;
  }

  protected override destroy(): void {
    this.close();
    this.controlFd.release();
  }

  /** Frees what the backend holds. Guarantee: nobody uses the FD any more. */
  protected abstract close(): void;

  /** Guarantee: read. */
  abstract stat(): MaybePromise<Result<Statx>>;

  /** Upstream's guarantee is read; a sync that takes long would then hold up renames, and with them everything. Guarantee: none. */
  abstract sync(): MaybePromise<Result<void>>;

  /** Writes the whole of `data`, which stands in the arena and may change while it is read. Guarantee: write. */
  abstract write(data: Span, offset: U64): MaybePromise<Result<number>>;

  /** Puts up to `count` bytes in place at `bodyAt` of the arena; fewer at the end of the file only. Guarantee: read. */
  abstract read(bodyAt: number, count: number, offset: U64): MaybePromise<Result<number>>;

  /** Guarantee: write. */
  abstract allocate(mode: U64, offset: U64, length: U64): MaybePromise<Result<void>>;

  /** Called when the client closes a file, where the connection supports Flush. Guarantee: read. */
  abstract flush(): MaybePromise<Result<void>>;

  /** Appends entries worth up to `count` bytes, as the kernel counts them, from the start when `rewind`. Guarantee: read. */
  abstract readDirectory(writer: DirentWriter, count: number, rewind: boolean): MaybePromise<Result<void>>;
}

/** A socket that a client has bound. Keeps its control FD alive. */
export abstract class BoundSocketFd extends Fd {
  readonly controlFd: ControlFd;

  /** Takes a reference to `controlFd` of its own. */
  constructor(controlFd: ControlFd) {
    super();
    this.controlFd = controlFd.acquire();
  }

  protected override destroy(): void {
    this.close();
    this.controlFd.release();
  }

  /** Frees what the backend holds. Guarantee: nobody uses the FD any more. */
  protected abstract close(): void;

  /** Guarantee: read. */
  abstract listen(backlog: number): MaybePromise<Result<void>>;

  /** Gives the accepted socket, which the caller owns, and the peer's address. Guarantee: read. */
  abstract accept(): MaybePromise<Result<{ readonly hostFd: HostFd; readonly peerAddress: ByteString }>>;
}

/** Any descriptor that a client can name. */
export type AnyFd = ControlFd | OpenFd | BoundSocketFd;
