import { expect, test } from "bun:test";
import { join } from "node:path";
import { runScript } from "../support/json-subprocess.ts";
import type { ConfinementReport } from "./support/confined-process.ts";

const script = join(import.meta.dir, "support/confined-process.ts");

test("forbidCoreDumps() leaves no way to a core dump", async () => {
  const { failure, coreLimit, dumpable } = await runScript<ConfinementReport>(script, { step: "core dumps" });
  expect(failure).toBeNull();
  expect(coreLimit.split(/ +/)).toEqual(["0", "0"]);
  expect(dumpable).toBe(0);
});
