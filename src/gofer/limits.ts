import { Errno, Failure } from "../../ffi/errno.ts";
import { RLIMIT_NOFILE } from "../../ffi/linux.ts";
import { setResourceLimit } from "../../ffi/process.ts";
import type { Log } from "../log/log.ts";
import { StartFailure } from "./start-failure.ts";

/** Limits how many descriptors this process may have. A limit higher than what is allowed is left at that, with a warning. */
export function limitDescriptors(limit: number, log: Log): StartFailure | undefined {
  const set = setResourceLimit(RLIMIT_NOFILE, limit);
  if (!(set instanceof Failure)) return undefined;
  if (set.errno !== Errno.EPERM) {
    return new StartFailure("system", `cannot limit the number of descriptors to ${limit}: ${set}`);
  }
  log.warn(`cannot raise the limit of descriptors to ${limit}: it is higher than this process may go`);
  return undefined;
}
