import { addressOf, allocateStaticMemory, memory } from "./arena.ts";
import { Errno, fail, type Result, resultOf } from "./errno.ts";
import { assumeOpen, type HostFd } from "./host-fd.ts";
import {
  AF_UNIX,
  MSG_CMSG_CLOEXEC,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SCM_RIGHTS,
  SOCK_CLOEXEC,
  SOL_SOCKET,
} from "./linux.ts";
import { cmsghdrLayout, iovecLayout, msghdrLayout } from "./structs.ts";
import { syscalls } from "./syscalls.ts";

/** Most descriptors in one message. The kernel would take 253 (SCM_MAX_FD); lisafs replies carry at most two. */
export const messageFdsMax = 4;

const fdBytes = 4;
const controlBytesMax = cmsghdrLayout.bytes + fdBytes * messageFdsMax;

/** One message's worth of structures, rewritten by each send or receive. */
const header = allocateStaticMemory(msghdrLayout.bytes);
const vector = allocateStaticMemory(iovecLayout.bytes);
const control = allocateStaticMemory(controlBytesMax);
const pair = allocateStaticMemory(2 * fdBytes);

/**
 * Receives up to `length` bytes into the arena without waiting: 0 at end of stream, EAGAIN when there is nothing. Descriptors
 * that the peer attached are not accepted: the kernel closes what it has no place for. Source: recvmsg(2).
 */
export function receiveInto(socket: HostFd, at: number, length: number): Result<number> {
  writeHeader(at, length, 0);
  for (;;) {
    const returned = syscalls.recvmsg(socket, addressOf(header), MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (returned !== -Errno.EINTR) return resultOf(returned);
  }
}

/** What one message brought. The caller owns the descriptors. */
export interface ReceivedMessage {
  readonly bytes: number;
  readonly fds: readonly HostFd[];
}

/**
 * As receiveInto(), with up to messageFdsMax descriptors that the peer attached, close-on-exec; the kernel closes any beyond. Source:
 * recvmsg(2), unix(7) SCM_RIGHTS.
 */
export function receiveMessageInto(socket: HostFd, at: number, length: number): Result<ReceivedMessage> {
  writeHeader(at, length, controlBytesMax);
  const returned = syscalls.recvmsg(socket, addressOf(header), MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  return returned < 0 ? fail(-returned) : { bytes: returned, fds: attachedFds() };
}

function attachedFds(): HostFd[] {
  const { view } = memory;
  const fds: HostFd[] = [];
  const received = Number(view.getBigUint64(header + msghdrLayout.controlLength, true));
  if (received < cmsghdrLayout.bytes) return fds;
  if (view.getInt32(control + cmsghdrLayout.level, true) !== SOL_SOCKET) return fds;
  if (view.getInt32(control + cmsghdrLayout.type, true) !== SCM_RIGHTS) return fds;
  const end = Math.min(received, view.getUint32(control + cmsghdrLayout.length, true));
  for (let offset = cmsghdrLayout.bytes; offset + fdBytes <= end; offset += fdBytes) {
    fds.push(assumeOpen(view.getInt32(control + offset, true)));
  }
  return fds;
}

/**
 * Sends `length` bytes from the arena with `fds` attached (borrowed: the peer gets its own) and gives how many bytes went.
 * `flags` are MSG_…; SIGPIPE is never raised. Source: sendmsg(2), unix(7) SCM_RIGHTS.
 */
export function sendFrom(
  socket: HostFd,
  at: number,
  length: number,
  fds: readonly HostFd[],
  flags: number,
): Result<number> {
  const count = fds.length;
  if (count > messageFdsMax) throw new RangeError(`${count} descriptors in one message: at most ${messageFdsMax}`);
  const controlLength = count === 0 ? 0 : cmsghdrLayout.bytes + fdBytes * count;
  writeHeader(at, length, controlLength);
  if (count > 0) {
    const { view } = memory;
    view.setUint32(control + cmsghdrLayout.length, controlLength, true);
    view.setUint32(control + cmsghdrLayout.length + 4, 0, true);
    view.setInt32(control + cmsghdrLayout.level, SOL_SOCKET, true);
    view.setInt32(control + cmsghdrLayout.type, SCM_RIGHTS, true);
    for (let index = 0; index < count; index++) {
      view.setInt32(control + cmsghdrLayout.bytes + fdBytes * index, fds[index] ?? -1, true);
    }
  }
  for (;;) {
    const returned = syscalls.sendmsg(socket, addressOf(header), flags | MSG_NOSIGNAL);
    if (returned !== -Errno.EINTR) return resultOf(returned);
  }
}

/** Two connected Unix sockets of type `type` (SOCK_…), close-on-exec. The caller owns both. Source: socketpair(2). */
export function createSocketPair(type: number): Result<readonly [HostFd, HostFd]> {
  const returned = syscalls.socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, addressOf(pair));
  if (returned < 0) return fail(-returned);
  const { view } = memory;
  return [assumeOpen(view.getInt32(pair, true)), assumeOpen(view.getInt32(pair + fdBytes, true))];
}

function writeHeader(at: number, length: number, controlLength: number): void {
  const { view } = memory;
  writeU64(vector + iovecLayout.base, addressOf(at));
  view.setUint32(vector + iovecLayout.length, length, true);
  writeU64(header + msghdrLayout.iov, addressOf(vector));
  view.setUint32(header + msghdrLayout.iovCount, 1, true);
  writeU64(header + msghdrLayout.control, controlLength === 0 ? 0 : addressOf(control));
  writeU64(header + msghdrLayout.controlLength, controlLength);
  view.setInt32(header + msghdrLayout.flags, 0, true);
}

function writeU64(at: number, value: number): void {
  memory.view.setUint32(at, value % 0x1_0000_0000, true);
  memory.view.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true);
}
