import { RequestCounts, requestCountsBytes } from "../server/request-counts.ts";
import { mapSharedFile } from "./shared-file.ts";
import { type Attempt, StartFailure } from "./start-failure.ts";

const file = { variable: "BUN_GOFER_STATS", purpose: "count requests", bytes: requestCountsBytes };

/** Request counts that stand in the file at `path`, from zero. `%ID%` in the path stands for the container's ID. */
export function openStatistics(path: string, containerId: string): Attempt<RequestCounts> {
  const at = mapSharedFile(file, path, containerId);
  return at instanceof StartFailure ? at : new RequestCounts(at);
}
