import { describe, expect, test } from "bun:test";
import { addressOf, allocateStaticMemory, memory } from "../../../ffi/arena.ts";
import { Errno } from "../../../ffi/errno.ts";
import { helperBell } from "../../../ffi/helper-thread.ts";
import { type HostFd, OwnedFd, takeAndClose } from "../../../ffi/host-fd.ts";
import { MSG_DONTWAIT, SOCK_STREAM } from "../../../ffi/linux.ts";
import { createSealedMemoryFile } from "../../../ffi/mappings.ts";
import { threadId } from "../../../ffi/process.ts";
import { createSocketPair, sendFrom } from "../../../ffi/sockets.ts";
import { waitUntilReadable } from "../../../ffi/waiting.ts";
import { calls } from "../support/calls.ts";
import { must } from "../support/results.ts";

/** More than there are threads. */
const many = 40;

/** Only a test that fails waits so long. */
const answerMillisMax = 10_000;

/** What the calls gave, each taken when the bell rings. */
async function settled<T>(promise: Promise<T>): Promise<T> {
  let isSettled = false;
  void promise.finally(() => {
    isSettled = true;
  });
  for (;;) {
    for (let turns = 0; turns < 10 && !isSettled; turns++) await Promise.resolve();
    if (isSettled) return promise;
    if (calls.outstanding === 0) throw new Error("nothing is under way");
    if (!waitUntilReadable(helperBell(), answerMillisMax)) throw new Error("the bell does not ring");
    calls.settle();
  }
}

class Pair implements Disposable {
  readonly left: HostFd;
  readonly right: HostFd;
  readonly at = allocateStaticMemory(8);

  constructor() {
    [this.left, this.right] = must(createSocketPair(SOCK_STREAM));
  }

  send(byte: number): void {
    memory.u8[this.at + 4] = byte;
    must(sendFrom(this.left, this.at + 4, 1, [], MSG_DONTWAIT));
  }

  read(): Promise<number> {
    return calls.call("read", this.right, addressOf(this.at), 1);
  }

  get byte(): number | undefined {
    return memory.u8[this.at];
  }

  [Symbol.dispose](): void {
    takeAndClose(this.left);
    takeAndClose(this.right);
  }
}

describe("a call on a helper thread", () => {
  test("gives what the kernel returned, on a thread of its own", async () => {
    const thread = await settled(calls.call("gettid"));
    expect(thread).toBeGreaterThan(0);
    expect(thread).not.toBe(threadId());
  });

  test("gives −errno when it fails", async () => {
    expect(await settled(calls.call("close", 9999))).toBe(-Errno.EBADF);
  });

  test("passes 64-bit arguments whole", async () => {
    using file = new OwnedFd(must(createSealedMemoryFile("file", 4096)));
    expect(await settled(calls.call("lseek", file.borrow(), 2n ** 62n, 0))).toBe(2 ** 62);
    expect(await settled(calls.call("lseek", file.borrow(), -1, 0))).toBe(-Errno.EINVAL);
  });

  test("does not hold up the thread that asked", async () => {
    using pair = new Pair();
    const read = pair.read();
    await Promise.resolve();
    expect(calls.outstanding).toBe(1);
    pair.send(0x5a);
    expect([await settled(read), pair.byte]).toEqual([1, 0x5a]);
    expect(calls.outstanding).toBe(0);
  });

  test("is told of by its name while it is under way", async () => {
    using pair = new Pair();
    const read = pair.read();
    await Promise.resolve();
    expect(calls.underWay).toEqual([{ name: "read", millis: expect.any(Number) }]);
    pair.send(1);
    await settled(read);
    expect(calls.underWay).toEqual([]);
  });

  test("waits for a free thread when there are too many, and none is forgotten", async () => {
    const pairs = Array.from({ length: many }, () => new Pair());
    const reads = Promise.all(pairs.map((pair) => pair.read()));
    await Promise.resolve();
    expect(calls.outstanding).toBe(many);
    for (const [index, pair] of pairs.entries()) pair.send(index);
    expect(await settled(reads)).toEqual(pairs.map(() => 1));
    expect(pairs.map((pair) => pair.byte)).toEqual(pairs.map((_, index) => index));
    for (const pair of pairs) pair[Symbol.dispose]();
  });

  test("may be one of several on the same thread", async () => {
    const threads = calls.withOneThread(async (make) => [await make("gettid"), await make("gettid")]);
    const [first, second] = await settled(threads);
    expect(second).toBe(first ?? -1);
  });
});
