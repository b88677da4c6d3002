/** Node's functions on files, for what few starts do: loading them takes a millisecond, which no other start should. */
export function nodeFs(): typeof import("node:fs") {
  return process.getBuiltinModule("node:fs");
}
