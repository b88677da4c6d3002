import { Errno, Failure, fail, outcomeOf, type Result } from "../../ffi/errno.ts";
import { readInto, writeFrom } from "../../ffi/files.ts";
import { type HostFd, takeAndClose } from "../../ffi/host-fd.ts";
import { type ControlFd, OpenFd } from "../server/fds.ts";
import type { BlockingCalls } from "../transport/blocking-calls.ts";
import type { Span } from "../wire/data.ts";
import type { DirentWriter } from "../wire/dirent.ts";
import type { U64 } from "../wire/integers.ts";
import type { Statx } from "../wire/statx.ts";
import { readDirectory } from "./directory.ts";
import { statOf } from "./files.ts";

/** fallocate(2) takes an int; the wire has 64 bits. */
const allocationModeMax = 0x7fff_ffff;

/** An open file of the host. */
export class HostOpenFd extends OpenFd {
  readonly #hostFd: HostFd;
  readonly #calls: BlockingCalls;

  /** Takes `hostFd`. */
  constructor(controlFd: ControlFd, hostFd: HostFd, flags: number, calls: BlockingCalls) {
    super(controlFd, flags);
    this.#hostFd = hostFd;
    this.#calls = calls;
  }

  protected override close(): void {
    takeAndClose(this.#hostFd);
  }

  override stat(): Result<Statx> {
    return statOf(this.#hostFd);
  }

  override async sync(): Promise<Result<void>> {
    return outcomeOf(await this.#calls.call("fsync", this.#hostFd));
  }

  override write({ at, length }: Span, offset: U64): Result<number> {
    let written = 0;
    while (written < length) {
      const count = writeFrom(this.#hostFd, at + written, length - written, advance(offset, written));
      if (count instanceof Failure) return count;
      if (count === 0) break;
      written += count;
    }
    return written;
  }

  override read(bodyAt: number, count: number, offset: U64): Result<number> {
    let got = 0;
    while (got < count) {
      const more = readInto(this.#hostFd, bodyAt + got, count - got, advance(offset, got));
      if (more instanceof Failure) return more;
      if (more === 0) break;
      got += more;
    }
    return got;
  }

  override async allocate(mode: U64, offset: U64, length: U64): Promise<Result<void>> {
    if (mode > allocationModeMax) return fail(Errno.EOPNOTSUPP);
    return outcomeOf(await this.#calls.call("fallocate", this.#hostFd, mode, offset, length));
  }

  /** What was written is the host's already. */
  override flush(): Result<void> {
    return undefined;
  }

  override readDirectory(writer: DirentWriter, count: number, rewind: boolean): Result<void> {
    return readDirectory(this.#hostFd, writer, count, rewind);
  }
}

function advance(offset: U64, bytes: number): U64 {
  return bytes === 0 ? offset : BigInt(offset) + BigInt(bytes);
}
