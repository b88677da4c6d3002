import { describe, expect, test } from "bun:test";
import { findDescriptor } from "../../../src/gofer/fatal.ts";

describe("findDescriptor()", () => {
  test.each<[words: string[], descriptor: number | undefined]>([
    [["--log-fd=3"], 3],
    [["-log-fd", "4", "gofer"], 4],
    [["--log-fd=3", "--log-fd=5"], 5],
    [["---", "--host-uds=nonsense", "--log-fd=6"], 6],
    [["--log-fd"], undefined],
    [["--log-fd="], undefined],
    [["--log-fd=-1"], undefined],
    [["--log-fd=three"], undefined],
    [["--debug-log-fd=3", "log-fd=3"], undefined],
  ])("finds it in %j: %j", (words, descriptor) => {
    expect(findDescriptor(words, "log-fd") as number | undefined).toBe(descriptor);
  });
});
