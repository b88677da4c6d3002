import { expect, test } from "bun:test";
import { join } from "node:path";

const name = "vectors.json is what gVisor's own encoder writes";
const secondsMax = 300;

if (Bun.which("go") === null) {
  test.skip(`${name} (skipped: missing: go)`, () => {});
} else {
  test(
    name,
    async () => {
      const encoder = Bun.spawn(["go", "run", "."], {
        cwd: import.meta.dir,
        env: { ...process.env, CGO_ENABLED: "0" },
        stdin: "ignore",
        stderr: "inherit",
      });
      const made = await encoder.stdout.text();
      expect(await encoder.exited).toBe(0);
      const kept = await Bun.file(join(import.meta.dir, "vectors.json")).text();
      // Not toBe(): the difference of two long texts is no help; `make vectors` and git diff show it better.
      expect(made === kept).toBe(true);
    },
    secondsMax * 1000,
  );
}
