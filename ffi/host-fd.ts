import { type Result, resultOf } from "./errno.ts";
import { F_GETFL } from "./linux.ts";
import { syscalls } from "./syscalls.ts";

declare const hostFd: unique symbol;

/**
 * A descriptor of this process, open. Holding one says nothing of who closes it: functions named take… close it or pass it
 * on, all others borrow it. See OwnedFd for set-up code, where a scope owns.
 */
export type HostFd = number & { readonly [hostFd]: true };

/** Stands for the working directory where a directory descriptor is wanted. Source: openat(2). */
export const workingDirectory = -100 as HostFd;

/** Vouches that `number` is an open descriptor: one that the kernel just gave us, or that runsc passed on. */
export function assumeOpen(number: number): HostFd {
  if (!Number.isInteger(number) || number < 0) throw new RangeError(`not a descriptor number: ${number}`);
  return number as HostFd;
}

/** Whether the descriptor that somebody vouched for is open after all. Source: fcntl(2). */
export function isOpen(fd: HostFd): boolean {
  return syscalls.fcntl(fd, F_GETFL, 0) >= 0;
}

/** Descriptor or failure from what a system call returned. The caller owns the descriptor. */
export function fdResultOf(returned: number): Result<HostFd> {
  return resultOf(returned) as Result<HostFd>;
}

/** Closes a descriptor that nobody else will use. Linux frees the number whatever close(2) reports. */
export function takeAndClose(fd: HostFd): void {
  syscalls.close(fd);
}

/** A descriptor that belongs to a scope: `using` closes it, release() hands it on. */
export class OwnedFd implements Disposable {
  #fd: HostFd | undefined;

  /** Takes ownership of `fd`. */
  constructor(fd: HostFd) {
    this.#fd = fd;
  }

  /** The descriptor, for as long as this object lives. */
  borrow(): HostFd {
    if (this.#fd === undefined) throw new Error("the descriptor was released");
    return this.#fd;
  }

  /** Ends ownership: the caller owns the descriptor now. */
  release(): HostFd {
    const fd = this.borrow();
    this.#fd = undefined;
    return fd;
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) takeAndClose(this.#fd);
    this.#fd = undefined;
  }
}
