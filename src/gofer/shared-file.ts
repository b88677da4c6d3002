import { memory, pageBytes } from "../../ffi/arena.ts";
import { Failure } from "../../ffi/errno.ts";
import { assumeOpen } from "../../ffi/host-fd.ts";
import { mapShared } from "../../ffi/mappings.ts";
import { nodeFs } from "../../ffi/node-fs.ts";
import { fileForContainer } from "./file-for-container.ts";
import { type Attempt, messageOf, StartFailure } from "./start-failure.ts";

const fileMode = 0o644;

/** A file in which the process keeps figures for others to read along. */
export interface SharedFile {
  /** The variable of the environment that names the file. */
  readonly variable: string;
  /** What the file is for, as in "cannot …". */
  readonly purpose: string;
  readonly bytes: number;
}

/** Maps the file at `path`, as zeros, for good, and gives its arena offset. `%ID%` in the path stands for the container's ID. */
export function mapSharedFile(wanted: SharedFile, path: string, containerId: string): Attempt<number> {
  const file = fileForContainer(path, containerId);
  const bytes = Math.ceil(wanted.bytes / pageBytes) * pageBytes;
  try {
    const at = mapFile(file, bytes);
    return typeof at === "number" ? at : cannot(wanted, file, at);
  } catch (error) {
    return cannot(wanted, file, messageOf(error));
  }
}

/** The arena offset of the whole file, or why that cannot be. */
function mapFile(file: string, bytes: number): number | string {
  const { closeSync, constants, fstatSync, ftruncateSync, openSync } = nodeFs();
  const descriptor = openSync(file, constants.O_RDWR | constants.O_CREAT, fileMode);
  try {
    const { size } = fstatSync(descriptor);
    if (size !== 0 && size !== bytes) return `it has ${size} bytes, want none or ${bytes}`;
    ftruncateSync(descriptor, bytes);
    const at = mapShared(assumeOpen(descriptor), 0, bytes);
    if (at instanceof Failure) return String(at);
    memory.u8.fill(0, at, at + bytes);
    return at;
  } finally {
    closeSync(descriptor);
  }
}

function cannot({ purpose, variable }: SharedFile, file: string, reason: string): StartFailure {
  return new StartFailure("statistics", `cannot ${purpose} in ${file}, which ${variable} names: ${reason}`);
}
