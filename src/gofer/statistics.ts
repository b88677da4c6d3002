import { closeSync, constants, fstatSync, ftruncateSync, openSync } from "node:fs";
import { memory, pageBytes } from "../../ffi/arena.ts";
import { Failure } from "../../ffi/errno.ts";
import { assumeOpen } from "../../ffi/host-fd.ts";
import { mapShared } from "../../ffi/mappings.ts";
import { RequestCounts, requestCountsBytes } from "../server/request-counts.ts";
import { type Attempt, messageOf, StartFailure } from "./start-failure.ts";

const fileMode = 0o644;
const fileBytes = Math.ceil(requestCountsBytes / pageBytes) * pageBytes;
const containerIdPlaceholder = "%ID%";

/** Request counts that stand in the file at `path`, from zero. `%ID%` in the path stands for the container's ID. */
export function openStatistics(path: string, containerId: string): Attempt<RequestCounts> {
  const file = path.replaceAll(containerIdPlaceholder, () => containerId);
  try {
    const at = mapFile(file);
    return at instanceof StartFailure ? at : new RequestCounts(at);
  } catch (error) {
    return cannot(file, messageOf(error));
  }
}

/** The arena offset of the whole file. */
function mapFile(file: string): Attempt<number> {
  const descriptor = openSync(file, constants.O_RDWR | constants.O_CREAT, fileMode);
  try {
    const { size } = fstatSync(descriptor);
    if (size !== 0 && size !== fileBytes) return cannot(file, `it has ${size} bytes, want none or ${fileBytes}`);
    ftruncateSync(descriptor, fileBytes);
    const at = mapShared(assumeOpen(descriptor), 0, fileBytes);
    if (at instanceof Failure) return cannot(file, String(at));
    memory.u8.fill(0, at, at + fileBytes);
    return at;
  } finally {
    closeSync(descriptor);
  }
}

function cannot(file: string, reason: string): StartFailure {
  return new StartFailure("statistics", `cannot count requests in ${file}, which BUN_GOFER_STATS names: ${reason}`);
}
