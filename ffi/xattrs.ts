import { addressOf, allocateStaticMemory, memory } from "./arena.ts";
import type { ByteString } from "./byte-string.ts";
import { cString, secondCString } from "./c-string.ts";
import { Failure, outcomeOf, type Result, resultOf } from "./errno.ts";
import type { HostFd } from "./host-fd.ts";
import { XATTR_LIST_MAX, XATTR_SIZE_MAX } from "./linux.ts";
import { syscalls } from "./syscalls.ts";

/**
 * Extended attributes, of an open file or, where descriptors cannot be used (O_PATH), of a path whose last component is
 * not followed.
 */
export type XattrTarget = HostFd | ByteString;

const valuePlace = allocateStaticMemory(XATTR_SIZE_MAX);

/** Puts the value of attribute `name` into the arena and gives its length. Source: getxattr(2). */
export function getXattrInto(target: XattrTarget, name: ByteString, at: number, length: number): Result<number> {
  return resultOf(
    typeof target === "number"
      ? syscalls.fgetxattr(target, cString(name), addressOf(at), length)
      : syscalls.lgetxattr(cString(target), secondCString(name), addressOf(at), length),
  );
}

/** Sets attribute `name`; `value` has XATTR_SIZE_MAX bytes at most. Source: setxattr(2). */
export function setXattr(target: XattrTarget, name: ByteString, value: Uint8Array, flags: number): Result<void> {
  if (value.length > XATTR_SIZE_MAX)
    throw new RangeError(`attribute of ${value.length} bytes: at most ${XATTR_SIZE_MAX} fit`);
  memory.u8.set(value, valuePlace);
  return outcomeOf(
    typeof target === "number"
      ? syscalls.fsetxattr(target, cString(name), addressOf(valuePlace), value.length, flags)
      : syscalls.lsetxattr(cString(target), secondCString(name), addressOf(valuePlace), value.length, flags),
  );
}

/** The names of all attributes; ERANGE when they take more than `bytesMax` bytes, a NUL behind each. Source: listxattr(2). */
export function listXattrs(target: XattrTarget, bytesMax: number): Result<readonly ByteString[]> {
  const length = Math.min(bytesMax, XATTR_LIST_MAX);
  const listed = resultOf(
    typeof target === "number"
      ? syscalls.flistxattr(target, addressOf(valuePlace), length)
      : syscalls.llistxattr(cString(target), addressOf(valuePlace), length),
  );
  if (listed instanceof Failure) return listed;
  const names = memory.buffer.toString("latin1", valuePlace, valuePlace + listed).split("\0");
  return names.filter((name) => name !== "") as ByteString[];
}

/** Source: removexattr(2). */
export function removeXattr(target: XattrTarget, name: ByteString): Result<void> {
  return outcomeOf(
    typeof target === "number"
      ? syscalls.fremovexattr(target, cString(name))
      : syscalls.lremovexattr(cString(target), secondCString(name)),
  );
}
