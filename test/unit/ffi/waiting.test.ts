import { describe, expect, test } from "bun:test";
import { allocateStaticMemory, memory } from "../../../ffi/arena.ts";
import { Errno, fail } from "../../../ffi/errno.ts";
import { type HostFd, OwnedFd, takeAndClose } from "../../../ffi/host-fd.ts";
import { MSG_DONTWAIT, SOCK_STREAM } from "../../../ffi/linux.ts";
import { createSealedMemoryFile, mapShared, releaseMemory } from "../../../ffi/mappings.ts";
import { createSocketPair, receiveInto, sendFrom } from "../../../ffi/sockets.ts";
import {
  expectFutex,
  futexWordsMax,
  ReadinessSet,
  waitForFutexes,
  waitUntilReadable,
  wakeFutex,
} from "../../../ffi/waiting.ts";
import { must } from "../support/results.ts";
import { Waker } from "../support/waker.ts";

const forever = -1;
const at = allocateStaticMemory(4096);

class Pair implements Disposable {
  readonly left: HostFd;
  readonly right: HostFd;

  constructor() {
    [this.left, this.right] = must(createSocketPair(SOCK_STREAM));
  }

  [Symbol.dispose](): void {
    takeAndClose(this.left);
    takeAndClose(this.right);
  }
}

/** Words that another thread can change and wake. */
class SharedWords implements Disposable {
  static readonly bytes = 4096;
  readonly file = new OwnedFd(must(createSealedMemoryFile("words", SharedWords.bytes)));
  readonly at = must(mapShared(this.file.borrow(), 0, SharedWords.bytes));

  wordAt(index: number): number {
    return this.at + 4 * index;
  }

  load(index: number): number {
    return Atomics.load(memory.i32, this.wordAt(index) >> 2);
  }

  store(index: number, value: number): void {
    Atomics.store(memory.i32, this.wordAt(index) >> 2, value);
  }

  [Symbol.dispose](): void {
    releaseMemory(this.at, SharedWords.bytes);
    this.file[Symbol.dispose]();
  }
}

describe("waitForFutexes()", () => {
  test("goes on when another thread changes one of the words and wakes it", async () => {
    using words = new SharedWords();
    await using waker = await Waker.start(words.file.borrow(), SharedWords.bytes);
    for (let index = 0; index < 3; index++) expectFutex(index, words.wordAt(index), 0);
    waker.changeSoon(2, 1);
    expect(waitForFutexes(3, forever)).toBeUndefined();
    expect(words.load(2)).toBe(1);
  });

  test.each([-1, -(2 ** 31), 2 ** 31 - 1])("waits on a word that holds %p", async (value) => {
    using words = new SharedWords();
    await using waker = await Waker.start(words.file.borrow(), SharedWords.bytes);
    words.store(0, value);
    expectFutex(0, words.wordAt(0), value);
    waker.changeSoon(0, 5);
    waitForFutexes(1, forever);
    // Had the kernel refused to wait, the word would be what it was.
    expect(words.load(0)).toBe(5);
  });

  test("waits on as many words as the kernel takes", async () => {
    using words = new SharedWords();
    await using waker = await Waker.start(words.file.borrow(), SharedWords.bytes);
    for (let index = 0; index < futexWordsMax; index++) expectFutex(index, words.wordAt(index), 0);
    waker.changeSoon(futexWordsMax - 1, 1);
    waitForFutexes(futexWordsMax, forever);
    expect(words.load(futexWordsMax - 1)).toBe(1);
  });

  test("returns at once when a word is not what was expected", () => {
    using words = new SharedWords();
    words.store(1, 9);
    expectFutex(0, words.wordAt(0), 0);
    expectFutex(1, words.wordAt(1), 0);
    expect(waitForFutexes(2, forever)).toBeUndefined();
  });

  test("waits for the time it was given, not less", async () => {
    using words = new SharedWords();
    await using waker = await Waker.start(words.file.borrow(), SharedWords.bytes);
    expectFutex(0, words.wordAt(0), 0);
    waker.changeSoon(0, 1);
    waitForFutexes(1, 10_999);
    expect(words.load(0)).toBe(1);
  });

  test("returns when the time is up", () => {
    expectFutex(0, at, 0);
    expect(waitForFutexes(1, 0)).toBeUndefined();
    expect(waitForFutexes(1, 5)).toBeUndefined();
  });
});

describe("wakeFutex()", () => {
  test("is harmless when nobody waits", () => {
    wakeFutex(at, 1);
    expect(Atomics.load(memory.i32, at >> 2)).toBe(0);
  });
});

describe("ReadinessSet", () => {
  test("names what is readable, again and again until it was read", () => {
    using pair = new Pair();
    using set = new ReadinessSet();
    must(set.watch(pair.right, "readable"));
    expect(set.wait(0)).toEqual([]);
    sendFrom(pair.left, at, 1, [], MSG_DONTWAIT);
    expect(set.wait(forever)).toEqual([pair.right]);
    expect(set.wait(0)).toEqual([pair.right]);
    receiveInto(pair.right, at, 1);
    expect(set.wait(0)).toEqual([]);
    must(set.watch(pair.right, undefined));
  });

  test("waits for room to write when asked to, and no longer for bytes to read", () => {
    using pair = new Pair();
    using set = new ReadinessSet();
    must(set.watch(pair.right, "readable"));
    sendFrom(pair.left, at, 1, [], MSG_DONTWAIT);
    while (typeof sendFrom(pair.right, at, 4096, [], MSG_DONTWAIT) === "number");
    must(set.watch(pair.right, "writable"));
    expect(set.wait(0)).toEqual([]);
    while (typeof receiveInto(pair.left, at, 4096) === "number");
    expect(set.wait(forever)).toEqual([pair.right]);
    must(set.watch(pair.right, undefined));
  });

  test("says nothing of what it no longer watches, and takes it up again", () => {
    using pair = new Pair();
    using set = new ReadinessSet();
    sendFrom(pair.left, at, 1, [], MSG_DONTWAIT);
    must(set.watch(pair.right, "readable"));
    must(set.watch(pair.right, undefined));
    expect(set.wait(0)).toEqual([]);
    must(set.watch(pair.right, "readable"));
    expect(set.wait(0)).toEqual([pair.right]);
    must(set.watch(pair.right, undefined));
  });

  test("reports the end of the stream as readable", () => {
    const [left, right] = must(createSocketPair(SOCK_STREAM));
    using owned = new OwnedFd(right);
    using set = new ReadinessSet();
    must(set.watch(right, "readable"));
    takeAndClose(left);
    expect(set.wait(0)).toEqual([owned.borrow()]);
    must(set.watch(right, undefined));
  });

  test("reports more than fit in one answer, over several", () => {
    using set = new ReadinessSet();
    const pairs = Array.from({ length: 100 }, () => new Pair());
    for (const { left, right } of pairs) {
      must(set.watch(right, "readable"));
      sendFrom(left, at, 1, [], MSG_DONTWAIT);
    }
    const seen = new Set<HostFd>();
    for (let waits = 0; waits < 10 && seen.size < pairs.length; waits++) {
      for (const fd of set.wait(0)) {
        seen.add(fd);
        receiveInto(fd, at, 1);
      }
    }
    expect(seen.size).toBe(pairs.length);
    for (const pair of pairs) pair[Symbol.dispose]();
  });

  test("says why something cannot be watched, and watches it when it can be", () => {
    using set = new ReadinessSet();
    const fd = 9999 as HostFd;
    expect(set.watch(fd, "readable")).toBe(fail(Errno.EBADF));
    expect(set.watch(fd, "readable")).toBe(fail(Errno.EBADF));
  });
});

describe("waitUntilReadable()", () => {
  test("says whether there was anything in the time", () => {
    using pair = new Pair();
    expect(waitUntilReadable(pair.right, 0)).toBe(false);
    expect(waitUntilReadable(pair.right, 3)).toBe(false);
    sendFrom(pair.left, at, 1, [], MSG_DONTWAIT);
    expect(waitUntilReadable(pair.right, 10_000)).toBe(true);
  });

  test("counts the end of the stream", () => {
    const [left, right] = must(createSocketPair(SOCK_STREAM));
    using owned = new OwnedFd(right);
    takeAndClose(left);
    expect(waitUntilReadable(owned.borrow(), 10_000)).toBe(true);
  });
});
