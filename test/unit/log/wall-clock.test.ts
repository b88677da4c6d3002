import { afterEach, describe, expect, setSystemTime, test } from "bun:test";
import { wallClock } from "../../../src/log/wall-clock.ts";

afterEach(() => {
  setSystemTime();
});

describe("wallClock()", () => {
  test("lies between two looks at the system's clock, or right beside", () => {
    const before = Date.now();
    const now = wallClock();
    const after = Date.now();
    expect(now).toBeGreaterThan(before - 3);
    expect(now).toBeLessThan(after + 3);
  });

  test("follows the system's clock when somebody has set it", () => {
    const time = new Date("2001-02-03T04:05:06.789Z");
    setSystemTime(time);
    expect(wallClock()).toBe(time.getTime());
  });
});
