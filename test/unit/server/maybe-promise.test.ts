import { describe, expect, test } from "bun:test";
import { andThen, perform, type Steps, settled } from "../../../src/server/maybe-promise.ts";

function* sum(values: readonly (number | Promise<number>)[]): Steps<number> {
  let total = 0;
  for (const value of values) total += yield* settled(value);
  return total;
}

describe("perform()", () => {
  test("runs to the end at once when nothing has to be waited for", () => {
    expect(perform(sum([1, 2, 3]))).toBe(6);
  });

  test("waits where a promise comes up, and only there", async () => {
    const value = perform(sum([1, Promise.resolve(2), 3, Promise.resolve(4)]));
    expect(value).toBeInstanceOf(Promise);
    expect(await value).toBe(10);
  });

  test("throws at once what the steps throw before the first promise", () => {
    expect(() =>
      perform(
        // biome-ignore lint/correctness/useYield: the steps end before they would yield.
        (function* (): Steps<number> {
          throw new Error("early");
        })(),
      ),
    ).toThrow("early");
  });

  test("is rejected by what the steps throw later", async () => {
    const value = perform(
      (function* (): Steps<number> {
        yield* settled(Promise.resolve());
        throw new Error("late");
      })(),
    );
    await expect(Promise.resolve(value)).rejects.toThrow("late");
  });

  test("lets the steps clean up when a promise is rejected", async () => {
    const noted: string[] = [];
    const value = perform(
      (function* (): Steps<number> {
        try {
          return yield* settled(Promise.reject<number>(new Error("rejected")));
        } finally {
          noted.push("cleaned up");
        }
      })(),
    );
    await expect(Promise.resolve(value)).rejects.toThrow("rejected");
    expect(noted).toEqual(["cleaned up"]);
  });

  test("goes on when the steps make good for a rejected promise", async () => {
    const value = perform(
      (function* (): Steps<number> {
        try {
          yield* settled(Promise.reject<number>(new Error("rejected")));
        } catch {
          return yield* settled(Promise.resolve(7));
        }
        return 0;
      })(),
    );
    expect(await value).toBe(7);
  });
});

describe("andThen()", () => {
  test("goes on at once with a value that is there", () => {
    expect(andThen(2, (value) => value * 3)).toBe(6);
  });

  test("goes on later with one that comes", async () => {
    expect(await andThen(Promise.resolve(2), (value) => value * 3)).toBe(6);
  });
});
