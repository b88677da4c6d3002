import { describe, expect, test } from "bun:test";
import { LimitedLog } from "../../../src/log/limited-log.ts";
import type { Log } from "../../../src/log/log.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A log that keeps what it is given, and a clock that stands still until it is moved. */
class Bench {
  readonly entries: { readonly level: string; readonly message: string; readonly fields: Fields }[] = [];
  millis = 0;
  readonly limited: LimitedLog;

  constructor(tokensMax = 3) {
    const keep =
      (level: string) =>
      (message: string, fields: Fields = {}): void =>
        void this.entries.push({ level, message, fields });
    const log: Log = { debug: keep("debug"), info: keep("info"), warn: keep("warn"), error: keep("error") };
    this.limited = new LimitedLog(log, { mount: "/data" }, { tokensMax, millisPerToken: 100 }, () => this.millis);
  }

  get messages(): string[] {
    return this.entries.map(({ message }) => message);
  }

  warn(count: number): void {
    for (let index = 0; index < count; index++) this.limited.warn("oops");
  }
}

describe("LimitedLog", () => {
  test("passes on the first entries, whatever their level, with what they are about", () => {
    const bench = new Bench(4);
    bench.limited.debug("d", { more: 1 });
    bench.limited.info("i");
    bench.limited.warn("w");
    bench.limited.error("e");
    expect(bench.entries).toEqual([
      { level: "debug", message: "d", fields: { mount: "/data", more: 1 } },
      { level: "info", message: "i", fields: { mount: "/data" } },
      { level: "warn", message: "w", fields: { mount: "/data" } },
      { level: "error", message: "e", fields: { mount: "/data" } },
    ]);
  });

  test("leaves out what comes too fast", () => {
    const bench = new Bench();
    bench.warn(1000);
    expect(bench.messages).toEqual(["oops", "oops", "oops"]);
  });

  test("says how many it left out before the next one that it passes on", () => {
    const bench = new Bench();
    bench.warn(10);
    bench.millis = 100;
    bench.warn(2);
    expect(bench.messages.slice(3)).toEqual(["7 log entries were left out", "oops"]);
    bench.millis = 200;
    bench.warn(1);
    expect(bench.messages.slice(5)).toEqual(["1 log entries were left out", "oops"]);
  });

  test("passes on no more in any time than its rate says, however long nothing came before", () => {
    const bench = new Bench();
    bench.millis = 1_000_000;
    bench.warn(10);
    expect(bench.messages).toHaveLength(3);
    for (let turn = 0; turn < 1000; turn++) {
      bench.millis += 10;
      bench.warn(5);
    }
    // 10 seconds more, a token each 100 milliseconds, and a line on what was left out with each.
    expect(bench.messages.length).toBeLessThanOrEqual(3 + 2 * 100);
    expect(bench.messages.length).toBeGreaterThan(3 + 2 * 95);
  });

  test("says at the end what is still untold, once", () => {
    const bench = new Bench();
    bench.warn(5);
    bench.limited.end();
    bench.limited.end();
    expect(bench.messages.slice(3)).toEqual(["2 log entries were left out"]);
  });

  test("has nothing to say at the end when nothing was left out", () => {
    const bench = new Bench();
    bench.warn(3);
    bench.limited.end();
    expect(bench.messages).toHaveLength(3);
  });

  test("cuts long texts, those of errors too, and passes on the rest as it is", () => {
    const bench = new Bench();
    const error = new RangeError("x".repeat(100_000));
    bench.limited.warn("long", { path: "p".repeat(100_000), count: 7, error });
    const [{ fields } = { fields: {} }] = bench.entries;
    expect(fields).toMatchObject({ path: expect.stringMatching(/^p+…$/), count: 7, error: { type: "RangeError" } });
    expect(JSON.stringify(fields).length).toBeLessThan(10_000);
  });
});
