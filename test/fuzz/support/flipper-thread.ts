import { memory } from "../../../ffi/arena.ts";
import { mapShared } from "../../../ffi/mappings.ts";
import type { WindowPlace } from "../../unit/support/channel-client.ts";
import { must } from "../../unit/support/results.ts";
import { Random } from "./random.ts";

/** What to write over and over, at byte `at` of the window, until the first element of `stop` is not 0. */
export interface FlipOrder {
  readonly place: WindowPlace;
  readonly at: number;
  readonly values: readonly Uint8Array[];
  readonly stop: SharedArrayBuffer;
  readonly seed: number;
}

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<FlipOrder>): void => {
  const { place, at, values, seed } = data;
  const window = must(mapShared(place.file, place.offset, place.bytes));
  const stop = new Int32Array(data.stop);
  const random = new Random(seed);
  self.postMessage("ready");
  while (Atomics.load(stop, 0) === 0) memory.u8.set(random.pick(values), window + at);
  self.postMessage("stopped");
};
