import type { MaybePromise } from "./maybe-promise.ts";

/** Sharing: any number of readers, or one writer. */
export type LockMode = "read" | "write";

interface Waiter {
  readonly mode: LockMode;
  readonly proceed: () => void;
}

/**
 * A lock for operations that may wait for promises while they hold it. First come, first served: a reader queues behind a
 * writer who waits, so nobody starves; hence nobody may take a lock twice. Taking a free lock allocates nothing.
 */
export class RwLock {
  #readers = 0;
  #writing = false;
  #waiters: Waiter[] | undefined;

  /** Takes the lock if that needs no waiting. */
  tryLock(mode: LockMode): boolean {
    if (this.#waiters !== undefined || !this.#isFreeFor(mode)) return false;
    this.#take(mode);
    return true;
  }

  /** Takes the lock, now or when the promise resolves. */
  lock(mode: LockMode): MaybePromise<void> {
    if (this.tryLock(mode)) return undefined;
    return new Promise((resolve) => {
      this.#waiters ??= [];
      this.#waiters.push({ mode, proceed: resolve });
    });
  }

  /** Gives back what lock() or tryLock() took in the same mode. */
  unlock(mode: LockMode): void {
    if (mode === "read") this.#readers--;
    else this.#writing = false;
    if (this.#waiters !== undefined) this.#admit();
  }

  #isFreeFor(mode: LockMode): boolean {
    return !this.#writing && (mode === "read" || this.#readers === 0);
  }

  #take(mode: LockMode): void {
    if (mode === "read") this.#readers++;
    else this.#writing = true;
  }

  #admit(): void {
    while (this.#waiters !== undefined) {
      const [next] = this.#waiters;
      if (next === undefined || !this.#isFreeFor(next.mode)) return;
      this.#take(next.mode);
      this.#waiters.shift();
      if (this.#waiters.length === 0) this.#waiters = undefined;
      next.proceed();
    }
  }
}

/**
 * Does something while holding the lock, until the promise is settled if it gives one. Nothing is allocated for waiting where the lock
 * is free and the value is there at once.
 */
export function whileLocked<T>(lock: RwLock, mode: LockMode, action: () => MaybePromise<T>): MaybePromise<T> {
  if (!lock.tryLock(mode)) return onceLocked(lock, mode, action);
  let value: MaybePromise<T>;
  try {
    value = action();
  } catch (error) {
    lock.unlock(mode);
    throw error;
  }
  if (value instanceof Promise) return unlockingAfter(value, lock, mode);
  lock.unlock(mode);
  return value;
}

/** Apart from whileLocked(), which would make the closure's variables each time. */
function unlockingAfter<T>(value: Promise<T>, lock: RwLock, mode: LockMode): Promise<T> {
  return value.finally(() => lock.unlock(mode));
}

async function onceLocked<T>(lock: RwLock, mode: LockMode, action: () => MaybePromise<T>): Promise<T> {
  await lock.lock(mode);
  try {
    return await action();
  } finally {
    lock.unlock(mode);
  }
}
