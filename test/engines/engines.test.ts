import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { mountPointsBelow } from "../sandbox/support/mount-table.ts";
import { processesMentioning } from "../sandbox/support/process-table.ts";
import { underTest } from "../sandbox/support/under-test.ts";

const script = resolve(import.meta.dir, "../../scripts/engines.sh");
/** Where the script and its daemons have all their files, in a mount namespace of their own. */
const workDirectory = "/run/bun-gofer-engines";
const skipStatus = 77;
const secondsMax = 120;

const engines: readonly { readonly engine: string; readonly containers: number }[] = [
  { engine: "docker", containers: 2 },
  { engine: "containerd", containers: 1 },
];

/** The environment of the daemons: as if somebody wanted to have a say in what the gofer runs. */
const environment = { ...process.env, BUN_BE_BUN: "1", BUN_OPTIONS: "--preload=/no/such/file.js" };

function reasonToSkip(engine: string): string | undefined {
  if (underTest.gofer === undefined) return "the runsc under test does not start bun-gofer";
  const check = Bun.spawnSync([script, "--check", engine], { stdin: "ignore", timeout: secondsMax * 1000 });
  return check.exitCode === skipStatus ? check.stderr.toString().trim() : undefined;
}

/** The cgroups of the script's run as process `pid`. */
function cgroupsOf(pid: number): string[] {
  const root = "/sys/fs/cgroup";
  const hierarchies = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const names = [root, ...hierarchies.map(({ name }) => `${root}/${name}`)].flatMap((path) => readdirSync(path));
  return names.filter((name) => name === `bun-gofer-engines-${pid}`);
}

for (const { engine, containers } of engines) {
  const reason = reasonToSkip(engine);
  const title = `${engine} runs containers on bun-gofer and leaves nothing behind`;
  const run = async (): Promise<void> => {
    const child = Bun.spawn([script, engine, underTest.runsc], {
      env: environment,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      timeout: secondsMax * 1000,
      killSignal: "SIGKILL",
    });
    const [stdout, stderr, status] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout.split("\n").filter((line) => line.startsWith("ok: "))).toHaveLength(containers);
    expect(processesMentioning(workDirectory)).toEqual([]);
    expect(mountPointsBelow(workDirectory)).toEqual([]);
    expect(cgroupsOf(child.pid)).toEqual([]);
  };
  if (reason === undefined) test(title, run, (secondsMax + 10) * 1000);
  else test.skip(`${title} (skipped: ${reason})`, () => {});
}
