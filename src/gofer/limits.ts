import { forbidDumping } from "../../ffi/capabilities.ts";
import { Errno, Failure } from "../../ffi/errno.ts";
import { RLIMIT_CORE, RLIMIT_NOFILE } from "../../ffi/linux.ts";
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

/** Lets this process leave no core dump, which would hold what the sandbox reads and writes. */
export function forbidCoreDumps(): StartFailure | undefined {
  const limited = setResourceLimit(RLIMIT_CORE, 0);
  if (limited instanceof Failure) return new StartFailure("confinement", `cannot limit core dumps to 0: ${limited}`);
  // The limit does not hold for a host that pipes core dumps to a program. Source: core(5).
  const forbidden = forbidDumping();
  if (!(forbidden instanceof Failure)) return undefined;
  return new StartFailure("confinement", `cannot forbid core dumps: ${forbidden}`);
}
