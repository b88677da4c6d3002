import { type MaybePromise, type Steps, settled } from "./maybe-promise.ts";

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

/** Performs the steps while holding the lock. */
export function* locking<T>(lock: RwLock, mode: LockMode, steps: () => Steps<T>): Steps<T> {
  if (!lock.tryLock(mode)) yield* settled(lock.lock(mode));
  try {
    return yield* steps();
  } finally {
    lock.unlock(mode);
  }
}
