import { expect, test } from "bun:test";
import { join } from "node:path";
import { runScript } from "../support/json-subprocess.ts";
import type { ConfinementReport } from "./support/confined-process.ts";

const script = join(import.meta.dir, "support/confined-process.ts");

test("closeStrayDescriptors() closes what nobody needs, says so, and leaves the runtime its own", async () => {
  const { failure, open, log } = await runScript<ConfinementReport>(script, { step: "descriptors" });
  expect(failure).toBeNull();
  expect(open).toEqual({ needed: true, stray: false, directory: false, procSelfFd: true, tasks: true });
  for (const line of log) expect(line).toMatch(/^warn: descriptor \d+ was open and nobody needs it: closed$/);
  expect(log.length).toBeGreaterThanOrEqual(2);
});
