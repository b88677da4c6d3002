// What starting a gofer costs, the stock one and ours in turn: `sudo bun bench/start.bench.ts [STARTS]`. Needs root, Go and
// `make build`; the program that starts them as runsc does is that of test/interop.

import { mkdirSync } from "node:fs";
import { resolve } from "node:path";

const repositoryRoot = resolve(import.meta.dir, "..");
const program = resolve(repositoryRoot, ".cache/interop");
const starts = process.argv[2] ?? "30";

if (process.getuid?.() === 0) {
  mkdirSync(resolve(repositoryRoot, ".cache"), { recursive: true });
  run(["go", "build", "-o", program, "."], resolve(repositoryRoot, "test/interop"));
  const gofers = ["-stock", "dist/runsc-stock", "-ours", "dist/bun-gofer"];
  run([program, ...gofers, "-starts", starts], repositoryRoot);
} else {
  console.log("start: skipped, needs root");
}

function run(command: string[], cwd: string): void {
  const { exitCode } = Bun.spawnSync(command, {
    cwd,
    env: { ...process.env, CGO_ENABLED: "0" },
    stdout: "inherit",
    stderr: "inherit",
  });
  if (exitCode !== 0) process.exit(exitCode);
}
