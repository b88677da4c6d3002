import { byteStringOf } from "../../../ffi/byte-string.ts";
import { openAt, renameEntry } from "../../../ffi/files.ts";
import { takeAndClose, workingDirectory } from "../../../ffi/host-fd.ts";
import { O_CLOEXEC, O_DIRECTORY, O_PATH, RENAME_EXCHANGE } from "../../../ffi/linux.ts";
import { must } from "../../unit/support/results.ts";

/** Two entries of a directory that change places until the first element of `stop` is not 0. */
export interface SwapOrder {
  readonly directory: string;
  readonly names: readonly [string, string];
  readonly stop: SharedArrayBuffer;
}

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<SwapOrder>): void => {
  const directory = must(openAt(workingDirectory, byteStringOf(data.directory), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const [first, second] = data.names.map(byteStringOf);
  const stop = new Int32Array(data.stop);
  self.postMessage("ready");
  if (first === undefined || second === undefined) throw new Error("two names are wanted");
  // Either may be away for a moment: others rename here as well.
  while (Atomics.load(stop, 0) === 0) renameEntry(directory, first, directory, second, RENAME_EXCHANGE);
  takeAndClose(directory);
  self.postMessage("stopped");
};
