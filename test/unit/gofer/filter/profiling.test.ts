import { expect, test } from "bun:test";
import { type FilterMode, rulesFor } from "../../../../src/gofer/filter/rules.ts";

const mode: FilterMode = { usesLisafs: true, hostUds: { open: false, create: false }, profilesCpu: false, pid: 1 };

test("a CPU profile has one more call allowed, and only it", () => {
  const without = new Set(rulesFor(mode).map(({ call }) => call));
  const added = rulesFor({ ...mode, profilesCpu: true }).filter(({ call }) => !without.has(call));
  expect(added).toEqual([{ call: "rt_sigsuspend", because: expect.any(String) }]);
});
