import { expect, test } from "bun:test";
import { resolve } from "node:path";

const sources = resolve(import.meta.dir, "../../../bench/gofers");
const name = "the program that measures gofers counts durations as they are";

if (Bun.which("go") === null) {
  test.skip(`${name} (skipped: missing: go)`, () => {});
} else {
  test(name, async () => {
    const run = Bun.spawn(["go", "test", "./..."], {
      cwd: sources,
      env: { ...process.env, CGO_ENABLED: "0" },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    const [output, status] = await Promise.all([run.stdout.text(), run.exited]);
    if (status !== 0) console.error(output);
    expect(status).toBe(0);
  }, 300_000);
}
