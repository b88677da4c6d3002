import { describe, expect, test } from "bun:test";
import { isOverlaid, isServed, mountConfsFlag } from "../../../src/gofer/mount-conf.ts";
import { reasonOf, successOf } from "./support/reason-of.ts";

function read(text: string) {
  return mountConfsFlag.read(text, []);
}

describe("mountConfsFlag", () => {
  test.each<[text: string, served: boolean, overlaid: boolean]>([
    ["lisafs:none", true, false],
    ["lisafs:memory", true, true],
    ["lisafs:self", true, true],
    ["lisafs:anon", true, true],
    ["lisafs:self:size=10m", true, true],
    ["erofs:none", false, false],
    ["erofs:memory", false, true],
    ["none:memory", false, false],
    ["none:self:size=", false, false],
  ])("reads %s: a gofer serves it: %j, writes stay in the sandbox: %j", (text, served, overlaid) => {
    const [conf] = successOf(read(text));
    if (conf === undefined) throw new Error("nothing read");
    expect([isServed(conf), isOverlaid(conf)]).toEqual([served, overlaid]);
  });

  test("reads a list, and adds to what an earlier flag gave", () => {
    const first = successOf(read("lisafs:self,lisafs:none"));
    const both = successOf(mountConfsFlag.read("erofs:none", first));
    expect(both.map(({ lower, upper }) => `${lower}:${upper}`)).toEqual(["lisafs:self", "lisafs:none", "erofs:none"]);
  });

  test.each([
    ["", "want LOWER:UPPER"],
    ["lisafs", "want LOWER:UPPER"],
    ["lisafs:none:10m", "want LOWER:UPPER"],
    ["lisafs:none:size=1:x", "want LOWER:UPPER"],
    ["9p:none", "want a lower layer of none, lisafs, erofs"],
    ["lisafs:disk", "want an upper layer of none, memory, self, anon"],
    ["none:none", "want a lower or an upper layer"],
    ["lisafs:none,", "want LOWER:UPPER"],
  ])("refuses %j", (text, reason) => {
    expect(reasonOf(read(text))).toContain(reason);
  });
});
