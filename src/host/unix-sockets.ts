import type { ByteString } from "../../ffi/byte-string.ts";
import { Errno, Failure, fail, outcomeOf, type Result } from "../../ffi/errno.ts";
import { changeMode } from "../../ffi/files.ts";
import { type HostFd, takeAndClose } from "../../ffi/host-fd.ts";
import { SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } from "../../ffi/linux.ts";
import type { ProcessIds } from "../../ffi/process.ts";
import { acceptFrom, bindTo, createUnixSocket, listenOn, UnixAddress } from "../../ffi/unix-sockets.ts";
import { BoundSocketFd, type ControlFd } from "../server/fds.ts";
import type { BlockingCalls, MakeCall } from "../transport/blocking-calls.ts";

const supportedTypes: ReadonlySet<number> = new Set([SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET]);

/** Connects a new socket to the one at `path` and gives it. The caller owns it. Source: connect(2). */
export function connectTo(path: ByteString, type: number, calls: BlockingCalls): Promise<Result<HostFd>> {
  return connectWith(path, type, (connect) => calls.withOneThread(connect));
}

/**
 * As connectTo(), with other effective IDs while the connection is made, so that the peer sees those. Only a helper thread
 * takes them on; where that is not allowed the connection is made with our own. Throws when they cannot be given back: the
 * thread is then not used again. Source: ConnectWithCreds in runsc/fsgofer/lisafs.go, capabilities(7).
 */
export function connectToAs(
  path: ByteString,
  type: number,
  as: { readonly uid: number; readonly gid: number },
  own: ProcessIds,
  calls: BlockingCalls,
): Promise<Result<HostFd>> {
  return connectWith(path, type, (connect) =>
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
  path: ByteString,
  type: number,
  perform: (connect: Connect) => Promise<number>,
): Promise<Result<HostFd>> {
  const created = UnixAddress.of(path);
  if (created instanceof Failure) return created;
  using address = created;
  if (!supportedTypes.has(type)) return fail(Errno.ENXIO);
  const socket = createUnixSocket(type);
  if (socket instanceof Failure) return socket;
  const outcome = outcomeOf(await perform((make) => make("connect", socket, address.address, address.bytes)));
  if (outcome === undefined) return socket;
  takeAndClose(socket);
  return outcome;
}

/** A new socket bound to `path`, whose file gets the permissions in `mode`. The caller owns it. Source: bind(2). */
export function bindNew(path: ByteString, type: number, mode: number): Result<HostFd> {
  const created = UnixAddress.of(path);
  if (created instanceof Failure) return created;
  using address = created;
  if (!supportedTypes.has(type)) return fail(Errno.ENXIO);
  const socket = createUnixSocket(type);
  if (socket instanceof Failure) return socket;
  // bind() takes the permissions of the file from the socket.
  const outcome = changeMode(socket, mode) ?? bindTo(socket, address);
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
