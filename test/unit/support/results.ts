import { Failure, type Result } from "../../../ffi/errno.ts";

/** The value of what must have succeeded. */
export function must<T>(result: Result<T>): T {
  if (result instanceof Failure) throw new Error(`failed: ${result}`);
  return result;
}
