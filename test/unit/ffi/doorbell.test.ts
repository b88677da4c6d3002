import { describe, expect, test } from "bun:test";
import { addressOf, allocateStaticMemory } from "../../../ffi/arena.ts";
import { doorbellCount, doorbellWord, installDoorbell, ringDoorbellFor } from "../../../ffi/doorbell.ts";
import { Errno, fail } from "../../../ffi/errno.ts";
import { type HostFd, takeAndClose } from "../../../ffi/host-fd.ts";
import { MSG_DONTWAIT, SOCK_STREAM } from "../../../ffi/linux.ts";
import { createSocketPair, receiveInto, sendFrom } from "../../../ffi/sockets.ts";
import { syscalls } from "../../../ffi/syscalls.ts";
import { expectFutex, waitForFutexes } from "../../../ffi/waiting.ts";
import { must } from "../support/results.ts";

const forever = -1;
const at = allocateStaticMemory(64);

class Pair implements Disposable {
  readonly left: HostFd;
  readonly right: HostFd;

  constructor() {
    [this.left, this.right] = must(createSocketPair(SOCK_STREAM));
  }

  send(): void {
    must(sendFrom(this.left, at, 1, [], MSG_DONTWAIT));
  }

  [Symbol.dispose](): void {
    takeAndClose(this.left);
    takeAndClose(this.right);
  }
}

describe("the doorbell", () => {
  test("counts up when a socket that rings it has something to read", () => {
    installDoorbell();
    using pair = new Pair();
    must(ringDoorbellFor(pair.right, true));
    const before = doorbellCount();
    pair.send();
    expect(doorbellCount()).toBeGreaterThan(before);
  });

  test("counts up when the peer goes away", () => {
    installDoorbell();
    const [left, right] = must(createSocketPair(SOCK_STREAM));
    must(ringDoorbellFor(right, true));
    const before = doorbellCount();
    takeAndClose(left);
    expect(doorbellCount()).toBeGreaterThan(before);
    takeAndClose(right);
  });

  test("is silent for sockets that no longer ring it, and for others", () => {
    installDoorbell();
    using pair = new Pair();
    using other = new Pair();
    must(ringDoorbellFor(pair.right, true));
    must(ringDoorbellFor(pair.right, false));
    const before = doorbellCount();
    pair.send();
    other.send();
    expect(doorbellCount()).toBe(before);
  });

  test("may be installed any number of times", () => {
    installDoorbell();
    installDoorbell();
    using pair = new Pair();
    must(ringDoorbellFor(pair.right, true));
    const before = doorbellCount();
    pair.send();
    expect(doorbellCount()).toBeGreaterThan(before);
  });

  test("says so when a descriptor cannot ring", () => {
    expect(ringDoorbellFor(9999 as HostFd, true)).toBe(fail(Errno.EBADF));
  });
});

/** A process that writes a byte to each of the sockets, one a moment after the other. */
function writerTo(first: HostFd, second: HostFd): Bun.Subprocess {
  return Bun.spawn(["sh", "-c", "sleep 0.02; printf x >&3; sleep 0.02; printf y >&4"], {
    stdio: ["ignore", "ignore", "inherit", first, second],
  });
}

describe("a thread that sleeps", () => {
  test("on the doorbell's word is woken by a socket", async () => {
    installDoorbell();
    using pair = new Pair();
    using later = new Pair();
    must(ringDoorbellFor(pair.right, true));
    const writer = writerTo(pair.left, later.left);
    expectFutex(0, doorbellWord, doorbellCount());
    waitForFutexes(1, forever);
    expect(receiveInto(pair.right, at, 1)).toBe(1);
    expect(await writer.exited).toBe(0);
  });

  test("in any other system call sleeps on when the doorbell rings", async () => {
    installDoorbell();
    using ringing = new Pair();
    using silent = new Pair();
    must(ringDoorbellFor(ringing.right, true));
    const before = doorbellCount();
    const writer = writerTo(ringing.left, silent.left);
    expect(syscalls.read(silent.right, addressOf(at), 1)).toBe(1);
    expect(doorbellCount()).toBeGreaterThan(before);
    expect(await writer.exited).toBe(0);
  });
});
