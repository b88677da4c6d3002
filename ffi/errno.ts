import { errnoSymbols } from "./errno-names.ts";

/** Linux error numbers, positive, as they go over the wire. Source: errno(3). */
export const Errno = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EEXIST: 17,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOSPC: 28,
  EROFS: 30,
  EPIPE: 32,
  ERANGE: 34,
  ENOSYS: 38,
  ELOOP: 40,
  ENOTSOCK: 88,
  EOPNOTSUPP: 95,
  ENOBUFS: 105,
  ETIMEDOUT: 110,
  EREMOTEIO: 121,
} as const;

/** The symbol of a positive error number, such as `ENOENT`. */
export function errnoName(errno: number): string {
  const symbol = errnoSymbols[errno - 1];
  return symbol === undefined || symbol === "-" ? `errno ${errno}` : symbol;
}

/** An operation that did not happen, and why. One instance stands for each error number, so failing allocates nothing. */
export class Failure {
  readonly errno: number;

  constructor(errno: number) {
    this.errno = errno;
  }

  toString(): string {
    return errnoName(this.errno);
  }
}

/** What an operation gives: its value, or the reason why there is none. */
export type Result<T> = T | Failure;

const errnoMax = 4095;
const failures = new Array<Failure | undefined>(errnoMax + 1);

/** The failure for a positive error number. */
export function fail(errno: number): Failure {
  return failures[errno] ?? newFailure(errno);
}

/** Made when first wanted: making all of them would cost each start a millisecond. */
function newFailure(errno: number): Failure {
  if (!Number.isInteger(errno) || errno < 0 || errno > errnoMax) throw new RangeError(`not an error number: ${errno}`);
  const failure = new Failure(errno);
  failures[errno] = failure;
  return failure;
}

/** What a raw system call returned: a failure when it is negative, else the number itself. */
export function resultOf(returned: number): Result<number> {
  return returned < 0 ? fail(-returned) : returned;
}

/** Success without a value, or the failure. */
export function outcomeOf(returned: number): Result<void> {
  return returned < 0 ? fail(-returned) : undefined;
}
