import { describe, expect, test } from "bun:test";
import { type LockMode, RwLock, whileLocked } from "../../../src/server/rw-lock.ts";

/** Takes the lock and notes when that was granted. */
function take(lock: RwLock, mode: LockMode, name: string, noted: string[]): void {
  const granted = lock.lock(mode);
  if (granted instanceof Promise) void granted.then(() => noted.push(name));
  else noted.push(name);
}

async function turnOfEventLoop(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe("RwLock", () => {
  test("has room for any number of readers, or one writer", () => {
    const lock = new RwLock();
    expect([lock.tryLock("read"), lock.tryLock("read"), lock.tryLock("write")]).toEqual([true, true, false]);
    lock.unlock("read");
    expect(lock.tryLock("write")).toBe(false);
    lock.unlock("read");
    expect([lock.tryLock("write"), lock.tryLock("read"), lock.tryLock("write")]).toEqual([true, false, false]);
    lock.unlock("write");
    expect(lock.tryLock("read")).toBe(true);
  });

  test("grants a free lock at once, without a promise", () => {
    const lock = new RwLock();
    expect(lock.lock("read")).toBeUndefined();
    expect(lock.lock("read")).toBeUndefined();
    expect(lock.lock("write")).toBeInstanceOf(Promise);
  });

  test("is first come, first served: readers queue behind a writer who waits", async () => {
    const lock = new RwLock();
    const noted: string[] = [];
    take(lock, "read", "reader 1", noted);
    take(lock, "write", "writer", noted);
    take(lock, "read", "reader 2", noted);
    take(lock, "read", "reader 3", noted);
    expect(lock.tryLock("read")).toBe(false);
    await turnOfEventLoop();
    expect(noted).toEqual(["reader 1"]);
    lock.unlock("read");
    await turnOfEventLoop();
    expect(noted).toEqual(["reader 1", "writer"]);
    lock.unlock("write");
    await turnOfEventLoop();
    expect(noted).toEqual(["reader 1", "writer", "reader 2", "reader 3"]);
  });

  test("grants one writer at a time, in order", async () => {
    const lock = new RwLock();
    const noted: string[] = [];
    for (const name of ["first", "second", "third"]) take(lock, "write", name, noted);
    for (const count of [1, 2, 3]) {
      await turnOfEventLoop();
      expect(noted).toHaveLength(count);
      lock.unlock("write");
    }
    expect(noted).toEqual(["first", "second", "third"]);
    expect(lock.tryLock("write")).toBe(true);
  });

  test("counts a lock as taken from when it is granted, not from when its owner goes on", () => {
    const lock = new RwLock();
    lock.tryLock("write");
    void lock.lock("write");
    lock.unlock("write");
    expect(lock.tryLock("read")).toBe(false);
  });
});

describe("whileLocked()", () => {
  test("holds the lock until the value is there, and gives it back however that ends", async () => {
    const lock = new RwLock();
    const value = whileLocked(lock, "write", () => {
      expect(lock.tryLock("read")).toBe(false);
      return Promise.resolve("value");
    });
    expect(lock.tryLock("read")).toBe(false);
    expect(await value).toBe("value");
    expect(lock.tryLock("read")).toBe(true);
    const failing = whileLocked(lock, "read", () => Promise.reject(new Error("no")));
    await expect(Promise.resolve(failing)).rejects.toThrow("no");
    lock.unlock("read");
    expect(lock.tryLock("write")).toBe(true);
  });

  test("gives a value that is there at once without a promise", () => {
    const lock = new RwLock();
    expect(whileLocked(lock, "write", () => "value")).toBe("value");
    expect(lock.tryLock("write")).toBe(true);
  });

  test("gives the lock back when the action throws at once", () => {
    const lock = new RwLock();
    const throwing = () =>
      whileLocked(lock, "write", () => {
        throw new Error("no");
      });
    expect(throwing).toThrow("no");
    expect(lock.tryLock("write")).toBe(true);
  });

  test("waits for the lock when it is taken", async () => {
    const lock = new RwLock();
    lock.tryLock("write");
    const value = whileLocked(lock, "read", () => "value");
    expect(value).toBeInstanceOf(Promise);
    lock.unlock("write");
    expect(await value).toBe("value");
    expect(lock.tryLock("write")).toBe(true);
  });

  test("gives a lock back that it had to wait for when the action fails", async () => {
    const lock = new RwLock();
    lock.tryLock("write");
    const value = whileLocked(lock, "read", () => {
      throw new Error("no");
    });
    lock.unlock("write");
    await expect(Promise.resolve(value)).rejects.toThrow("no");
    expect(lock.tryLock("write")).toBe(true);
  });
});
