import type { ByteString } from "../../ffi/byte-string.ts";
import { Errno, Failure, fail, outcomeOf, type Result } from "../../ffi/errno.ts";
import { changeMode, inDirectory } from "../../ffi/files.ts";
import { type HostFd, takeAndClose } from "../../ffi/host-fd.ts";
import { SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM, UNIX_PATH_MAX } from "../../ffi/linux.ts";
import type { ProcessIds } from "../../ffi/process.ts";
import { acceptFrom, bindTo, createUnixSocket, listenOn, UnixAddress } from "../../ffi/unix-sockets.ts";
import { BoundSocketFd, type ControlFd } from "../server/fds.ts";
import type { BlockingCalls, MakeCall } from "../transport/blocking-calls.ts";

const supportedTypes: ReadonlySet<number> = new Set([SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET]);

/** A socket in the file system. */
export interface SocketPlace {
  /** A descriptor of it, as a mere position. */
  readonly position: HostFd;
  /** Only its length matters: upstream, which goes by the path, has EINVAL for one that an address does not take. */
  readonly path: ByteString;
  /** The directory /proc/self/fd: an address takes no descriptor, but a path from there is as good as one. */
  readonly procSelfFd: HostFd;
}

/**
 * Connects a new socket to the one at `place` and gives it. The caller owns it. EAGAIN when the peer has too many to accept: waiting
 * for it would hold the file's lock for as long as the peer likes. Source: connect(2).
 */
export function connectTo(place: SocketPlace, type: number, calls: BlockingCalls): Promise<Result<HostFd>> {
  return connectWith(place, type, (connect) => calls.withOneThread(connect));
}

/**
 * As connectTo(), with other effective IDs while the connection is made, so that the peer sees those. Only a helper thread
 * takes them on; where that is not allowed the connection is made with our own. Throws when they cannot be given back: the
 * thread is then not used again. Source: ConnectWithCreds in runsc/fsgofer/lisafs.go, capabilities(7).
 */
export function connectToAs(
  place: SocketPlace,
  type: number,
  as: { readonly uid: number; readonly gid: number },
  own: ProcessIds,
  calls: BlockingCalls,
): Promise<Result<HostFd>> {
  return connectWith(place, type, (connect) =>
    calls.withOneThread(async (make) => {
      // The group first: with the user, the right to change it goes.
      const group = as.gid !== own.egid && (await make("setregid", own.gid, as.gid)) === 0;
      const user = as.uid !== own.euid && (await make("setreuid", own.uid, as.uid)) === 0;
      const returned = await connect(make);
      const restored =
        (!user || (await make("setreuid", own.uid, own.euid)) === 0) &&
        (!group || (await make("setregid", own.gid, own.egid)) === 0);
      if (!restored) throw new Error("cannot restore the IDs of a helper thread");
      return returned;
    }),
  );
}

type Connect = (make: MakeCall) => Promise<number>;

async function connectWith(
  { position, path, procSelfFd }: SocketPlace,
  type: number,
  perform: (connect: Connect) => Promise<number>,
): Promise<Result<HostFd>> {
  if (path.length >= UNIX_PATH_MAX) return fail(Errno.EINVAL);
  if (!supportedTypes.has(type)) return fail(Errno.ENXIO);
  const created = UnixAddress.of(String(position) as ByteString);
  if (created instanceof Failure) return created;
  using address = created;
  const socket = createUnixSocket(type);
  if (socket instanceof Failure) return socket;
  // The thread's working directory is its own, and nothing else that it does depends on it.
  const outcome = outcomeOf(
    await perform(async (make) => {
      const entered = await make("fchdir", procSelfFd);
      return entered < 0 ? entered : make("connect", socket, address.address, address.bytes);
    }),
  );
  if (outcome === undefined) return socket;
  takeAndClose(socket);
  return outcome;
}

/** Where a socket is to be made. */
export interface NewSocketPlace {
  readonly directory: HostFd;
  readonly name: ByteString;
  /** As in SocketPlace. */
  readonly path: ByteString;
}

/** A new socket bound to `place`, whose file gets the permissions in `mode`. The caller owns it. Source: bind(2). */
export function bindNew({ directory, name, path }: NewSocketPlace, type: number, mode: number): Result<HostFd> {
  if (path.length >= UNIX_PATH_MAX) return fail(Errno.EINVAL);
  if (!supportedTypes.has(type)) return fail(Errno.ENXIO);
  const created = UnixAddress.of(name);
  if (created instanceof Failure) return created;
  using address = created;
  const socket = createUnixSocket(type);
  if (socket instanceof Failure) return socket;
  // bind() takes the permissions of the file from the socket.
  const outcome = changeMode(socket, mode) ?? inDirectory(directory, () => bindTo(socket, address));
  if (outcome === undefined) return socket;
  takeAndClose(socket);
  return outcome;
}

/** A socket that a client has bound on the host. */
export class HostBoundSocketFd extends BoundSocketFd {
  readonly #socket: HostFd;

  /** Takes `socket`. */
  constructor(controlFd: ControlFd, socket: HostFd) {
    super(controlFd);
    this.#socket = socket;
  }

  protected override close(): void {
    takeAndClose(this.#socket);
  }

  override listen(backlog: number): Result<void> {
    return listenOn(this.#socket, backlog);
  }

  /** The peer's address stays unsaid: it is one of the host's. */
  override accept(): Result<{ readonly hostFd: HostFd; readonly peerAddress: ByteString }> {
    const accepted = acceptFrom(this.#socket);
    return accepted instanceof Failure ? accepted : { hostFd: accepted, peerAddress: "" as ByteString };
  }
}
