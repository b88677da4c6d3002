import { addressOf, allocateMemory, memory } from "./arena.ts";
import type { ByteString } from "./byte-string.ts";
import { Errno, fail, outcomeOf, type Result } from "./errno.ts";
import { fdResultOf, type HostFd } from "./host-fd.ts";
import { AF_UNIX, O_CLOEXEC, O_NONBLOCK, SOCK_CLOEXEC, UNIX_PATH_MAX } from "./linux.ts";
import { releaseMemory } from "./mappings.ts";
import { syscalls } from "./syscalls.ts";

const familyBytes = 2;
const addressBytesMax = familyBytes + UNIX_PATH_MAX;

/** struct sockaddr_un for a path, in memory of its own, so that a call on another thread can use it. Source: unix(7). */
export class UnixAddress implements Disposable {
  readonly #at: number;
  /** Bytes, the path's NUL included. */
  readonly bytes: number;

  private constructor(at: number, path: ByteString) {
    this.#at = at;
    this.bytes = familyBytes + path.length + 1;
    memory.view.setUint16(at, AF_UNIX, true);
    memory.buffer.write(`${path}\0`, at + familyBytes, "latin1");
  }

  /** EINVAL when the path, which holds no NUL, is too long for an address. The caller owns the memory: use `using`. */
  static of(path: ByteString): Result<UnixAddress> {
    if (path.length >= UNIX_PATH_MAX) return fail(Errno.EINVAL);
    const at = allocateMemory(addressBytesMax);
    return at === undefined ? fail(Errno.ENOMEM) : new UnixAddress(at, path);
  }

  get address(): number {
    return addressOf(this.#at);
  }

  [Symbol.dispose](): void {
    releaseMemory(this.#at, addressBytesMax);
  }
}

/** A new Unix socket of type `type` (SOCK_…), nonblocking and close-on-exec. The caller owns it. Source: socket(2). */
export function createUnixSocket(type: number): Result<HostFd> {
  return fdResultOf(syscalls.socket(AF_UNIX, type | SOCK_CLOEXEC | O_NONBLOCK, 0));
}

/** Creates the socket's file. Source: bind(2). */
export function bindTo(socket: HostFd, { address, bytes }: UnixAddress): Result<void> {
  return outcomeOf(syscalls.bind(socket, address, bytes));
}

/** Source: listen(2). */
export function listenOn(socket: HostFd, backlog: number): Result<void> {
  return outcomeOf(syscalls.listen(socket, backlog));
}

/** The next connection, nonblocking and close-on-exec; EAGAIN when there is none and the socket is nonblocking. The caller owns it. Source: accept4(2). */
export function acceptFrom(socket: HostFd): Result<HostFd> {
  return fdResultOf(syscalls.accept4(socket, 0, 0, O_NONBLOCK | O_CLOEXEC));
}
