import { expect, test } from "bun:test";
import { WatchedLoop } from "../../../src/transport/watched-loop.ts";
import { calls } from "../support/calls.ts";
import { streamPair, TestClient } from "../support/client.ts";
import { echo, FrameSession, frame } from "../support/frame-server.ts";

/** A loop with one client, and what was heard of it; `tickMillis` as in LoopTick. */
class Watched implements Disposable {
  readonly heard: string[] = [];
  readonly #loop: WatchedLoop;
  readonly client: TestClient;

  constructor(tickMillis?: number) {
    const observer = {
      turned: () => void this.heard.push("turned"),
      spun: () => void this.heard.push("spun"),
      waited: (nanos: number) => void this.heard.push(nanos > 0 ? "waited" : "waited not at all"),
      wokeForNothing: () => void this.heard.push("woke for nothing"),
    };
    const run = (): void => void this.heard.push("ticked");
    const tick = tickMillis === undefined ? undefined : { millis: tickMillis, run };
    this.#loop = new WatchedLoop(calls, () => {}, observer, tick);
    const [ours, theirs] = streamPair();
    this.#loop.addSession(new FrameSession(this.#loop, ours, echo));
    this.client = new TestClient(theirs, () => {});
  }

  turn(timeoutMillis: number): void {
    this.#loop.turn(timeoutMillis);
  }

  [Symbol.dispose](): void {
    this.client[Symbol.dispose]();
    this.#loop.stop();
    this.#loop[Symbol.dispose]();
  }
}

test("a wait is heard of that ended with a request", () => {
  using watched = new Watched();
  watched.client.sendOnly(frame(1, "x"));
  watched.turn(-1);
  watched.turn(0);
  expect(watched.heard).toEqual(["turned", "waited", "turned"]);
  expect(watched.client.receive().payload).toHaveLength(1);
});

test("a wait is heard of that ended with nothing to do", () => {
  using watched = new Watched();
  watched.turn(1);
  watched.turn(0);
  expect(watched.heard).toEqual(["turned", "waited", "turned", "woke for nothing"]);
});

test("a look without waiting is none", () => {
  using watched = new Watched();
  watched.turn(0);
  expect(watched.heard).toEqual(["turned"]);
});

test("a tick comes at each turn, and ends waits that would last for ever", () => {
  using watched = new Watched(1);
  watched.turn(-1);
  watched.turn(-1);
  expect(watched.heard).toEqual(["turned", "ticked", "waited", "turned", "ticked", "woke for nothing", "waited"]);
});
