import { addressOf, allocateStaticMemory, memory } from "./arena.ts";
import { Errno, Failure, outcomeOf, type Result } from "./errno.ts";
import { assumeOpen, fdResultOf, type HostFd, takeAndClose } from "./host-fd.ts";
import {
  CLOCK_MONOTONIC,
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLIN,
  EPOLLOUT,
  FUTEX_WAIT,
  FUTEX_WAKE,
  FUTEX2_SIZE_U32,
  POLLIN,
} from "./linux.ts";
import { epollEventLayout, futexWaitvLayout, pollfdLayout, timespecLayout } from "./structs.ts";
import { syscalls } from "./syscalls.ts";

const epollEventsMax = 64;
/** Most words futex_waitv(2) waits on (FUTEX_WAITV_MAX). */
export const futexWordsMax = 128;

const epollEvents = allocateStaticMemory(epollEventsMax * epollEventLayout.bytes);
const futexWords = allocateStaticMemory(futexWordsMax * futexWaitvLayout.bytes);
const pollfd = allocateStaticMemory(pollfdLayout.bytes);
const timeout = allocateStaticMemory(timespecLayout.bytes);

const wordValues = 2 ** 32;
const nanosecondsPerSecond = 1e9;
const nanosecondsPerMillisecond = 1e6;

/** What to wait for on a descriptor. End of stream and errors are reported with either. */
export type Interest = "readable" | "writable";

const interestEvents: Readonly<Record<Interest, number>> = { readable: EPOLLIN, writable: EPOLLOUT };

/** Waits for any of many descriptors to become ready. Source: epoll(7), level-triggered. */
export class ReadinessSet implements Disposable {
  readonly #epoll: HostFd;
  readonly #interests = new Map<HostFd, Interest>();
  /** One list for good: a peer can make us wait very often without ever asking for anything. */
  readonly #ready: HostFd[] = [];

  /** Throws when the kernel gives no epoll instance. */
  constructor() {
    const created = fdResultOf(syscalls.epoll_create1(EPOLL_CLOEXEC));
    if (created instanceof Failure) throw new Error(`epoll_create1: ${created}`);
    this.#epoll = created;
  }

  /** Waits for `interest`, or for nothing, on `fd` from now on. Borrows `fd` while it waits for anything. */
  watch(fd: HostFd, interest: Interest | undefined): Result<void> {
    const before = this.#interests.get(fd);
    if (before === interest) return undefined;
    const { view } = memory;
    view.setUint32(epollEvents + epollEventLayout.events, interest === undefined ? 0 : interestEvents[interest], true);
    view.setUint32(epollEvents + epollEventLayout.data, fd, true);
    view.setUint32(epollEvents + epollEventLayout.data + 4, 0, true);
    const operation = interest === undefined ? EPOLL_CTL_DEL : before === undefined ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    const outcome = outcomeOf(syscalls.epoll_ctl(this.#epoll, operation, fd, addressOf(epollEvents)));
    if (interest === undefined) this.#interests.delete(fd);
    else if (outcome === undefined) this.#interests.set(fd, interest);
    return outcome;
  }

  /** Waits up to `timeoutMillis` (−1: for ever) and gives what is ready, good until the next wait; nothing after a signal. */
  wait(timeoutMillis: number): readonly HostFd[] {
    const count = syscalls.epoll_pwait(this.#epoll, addressOf(epollEvents), epollEventsMax, timeoutMillis, 0, 0);
    const ready = this.#ready;
    ready.length = 0;
    for (let index = 0; index < count; index++) {
      const event = epollEvents + index * epollEventLayout.bytes;
      ready.push(assumeOpen(memory.view.getInt32(event + epollEventLayout.data, true)));
    }
    return ready;
  }

  [Symbol.dispose](): void {
    takeAndClose(this.#epoll);
  }
}

/** Wakes up to `waiters` who wait on the 32-bit word in shared memory. Source: futex(2). */
export function wakeFutex(at: number, waiters: number): void {
  syscalls.futex(addressOf(at), FUTEX_WAKE, waiters, 0, 0, 0);
}

/**
 * Waits until the word at arena offset `at` is woken, or at once when it is not `expected`, or a signal arrives; the caller looks for
 * itself which. `timeoutMillis` −1: for ever. Source: futex(2), FUTEX_WAIT.
 */
export function waitForFutex(at: number, expected: number, timeoutMillis: number): void {
  let limit = 0;
  if (timeoutMillis >= 0) {
    const { view } = memory;
    view.setBigInt64(timeout + timespecLayout.seconds, BigInt(Math.floor(timeoutMillis / 1000)), true);
    view.setBigInt64(
      timeout + timespecLayout.nanoseconds,
      BigInt((timeoutMillis % 1000) * nanosecondsPerMillisecond),
      true,
    );
    limit = addressOf(timeout);
  }
  syscalls.futex(addressOf(at), FUTEX_WAIT, expected, limit, 0, 0);
}

/** Puts the word at arena offset `at` into place `index` of what waitForFutexes() waits on: until it is no longer `expected`. */
export function expectFutex(index: number, at: number, expected: number): void {
  const { view } = memory;
  const entry = futexWords + index * futexWaitvLayout.bytes;
  // Unsigned: with any of the upper 32 bits set, which a word that has gone negative would do, the kernel refuses to wait.
  view.setUint32(entry + futexWaitvLayout.expected, expected, true);
  view.setUint32(entry + futexWaitvLayout.expected + 4, 0, true);
  // In halves: a bigint would be garbage, and this is done for every channel whenever the loop goes to sleep.
  const address = addressOf(at);
  view.setUint32(entry + futexWaitvLayout.address, address >>> 0, true);
  view.setUint32(entry + futexWaitvLayout.address + 4, Math.floor(address / wordValues), true);
  view.setUint32(entry + futexWaitvLayout.flags, FUTEX2_SIZE_U32, true);
  view.setUint32(entry + futexWaitvLayout.reserved, 0, true);
}

/**
 * Waits until one of the first `count` expected words is woken, or at once when one differs from what is expected, or a signal
 * arrives; the caller looks for itself which. `timeoutMillis` −1: for ever. ENOSYS before Linux 5.16. Source: futex_waitv(2).
 */
export function waitForFutexes(count: number, timeoutMillis: number): Result<void> {
  let deadline = 0;
  if (timeoutMillis >= 0) {
    writeDeadline(timeoutMillis);
    deadline = addressOf(timeout);
  }
  const returned = syscalls.futex_waitv(addressOf(futexWords), count, 0, deadline, CLOCK_MONOTONIC);
  return returned === -Errno.ENOSYS ? outcomeOf(returned) : undefined;
}

/** Puts the moment in `timeoutMillis` into `timeout`, by the kernel's clock: the runtime's clocks begin with the process. */
function writeDeadline(timeoutMillis: number): void {
  syscalls.clock_gettime(CLOCK_MONOTONIC, addressOf(timeout));
  const { view } = memory;
  const nanoseconds =
    view.getUint32(timeout + timespecLayout.nanoseconds, true) + (timeoutMillis % 1000) * nanosecondsPerMillisecond;
  const seconds =
    view.getUint32(timeout + timespecLayout.seconds, true) +
    Math.floor(timeoutMillis / 1000) +
    Math.floor(nanoseconds / nanosecondsPerSecond);
  view.setUint32(timeout + timespecLayout.seconds, seconds, true);
  view.setUint32(timeout + timespecLayout.nanoseconds, nanoseconds % nanosecondsPerSecond, true);
}

/** Waits up to `timeoutMillis` for `fd` to become readable or to end. True when it did. Source: poll(2). */
export function waitUntilReadable(fd: HostFd, timeoutMillis: number): boolean {
  const { view } = memory;
  const end = performance.now() + timeoutMillis;
  for (;;) {
    const left = Math.max(0, end - performance.now());
    view.setInt32(pollfd + pollfdLayout.fd, fd, true);
    view.setUint16(pollfd + pollfdLayout.events, POLLIN, true);
    view.setUint16(pollfd + pollfdLayout.revents, 0, true);
    view.setBigInt64(timeout + timespecLayout.seconds, BigInt(Math.floor(left / 1000)), true);
    view.setBigInt64(timeout + timespecLayout.nanoseconds, BigInt(Math.floor((left % 1000) * 1e6)), true);
    const returned = syscalls.ppoll(addressOf(pollfd), 1, addressOf(timeout), 0, 0);
    if (returned !== -Errno.EINTR) return returned > 0;
  }
}
