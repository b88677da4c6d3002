import { memory } from "../../../ffi/arena.ts";
import type { HostFd } from "../../../ffi/host-fd.ts";
import { mapShared } from "../../../ffi/mappings.ts";
import { wakeFutex } from "../../../ffi/waiting.ts";
import { must } from "./results.ts";

/** First where the words are, then what to change. */
export type WakerOrder =
  | { readonly file: HostFd; readonly bytes: number }
  | { readonly index: number; readonly value: number };

/** Long enough for the other thread to fall asleep; the tests hold if it does not. */
const momentMillis = 10;

declare const self: Worker;
let words = 0;

self.onmessage = ({ data }: MessageEvent<WakerOrder>): void => {
  if ("file" in data) {
    words = must(mapShared(data.file, 0, data.bytes));
    self.postMessage("ready");
    return;
  }
  Bun.sleepSync(momentMillis);
  const at = words + 4 * data.index;
  Atomics.store(memory.i32, at >> 2, data.value);
  wakeFutex(at, 1);
};
