import { writeBundle } from "../test/sandbox/support/bundle.ts";
import { type Caller, root, withStockRunsc } from "../test/sandbox/support/caller.ts";
import { runscOutput } from "../test/sandbox/support/runsc.ts";
import { Workspace } from "../test/sandbox/support/workspace.ts";
import type { SandboxResults, Target } from "./report/results.ts";
import { makeInput } from "./sandboxes/input.ts";
import { type Workload, workloads } from "./sandboxes/workloads.ts";
import { shuffled } from "./shuffled.ts";

const workloadSecondsMax = 300;
/** How long runsc may take to bring its processes down. */
const settleSecondsMax = 10;
const progressSeconds = 10;

const timePattern = /^nanoseconds (\d+)$/m;

type Turn = SandboxResults["series"][number]["turns"][number];

/** One workload under one condition. */
interface Series {
  readonly workload: Workload;
  readonly directfs: boolean;
  readonly turns: Turn[];
}

/** Why sandboxes cannot be started here; undefined when they can. */
export function reasonToSkipSandboxes(): string | undefined {
  return withStockRunsc(root).unavailable;
}

/** What is measured. */
export interface SandboxPlan {
  readonly workloads: readonly Workload[];
  /** Whether sandboxes reach files by themselves: either, or both in turn. */
  readonly directfs: readonly boolean[];
  readonly rounds: number;
}

/** Everything, in some fifteen minutes. */
export const fullPlan: SandboxPlan = { workloads, directfs: [false, true], rounds: 5 };

/** The first workload, in a quarter of a minute. */
export const quickPlan: SandboxPlan = { workloads: workloads.slice(0, 1), directfs: [false], rounds: 3 };

/** Runs the workloads in sandboxes, in random order, all gofers in turn. Throws when one fails. */
export async function measureSandboxes(plan: SandboxPlan): Promise<SandboxResults> {
  const { rounds } = plan;
  const seed = Math.floor(Math.random() * 2 ** 32);
  const series = seriesOf(plan);
  const callers: readonly (readonly [Target, Caller])[] = [
    ["stock", withStockRunsc(root)],
    ["ours", root],
    ["stock again", withStockRunsc(root)],
  ];
  const turns = series.flatMap((one) => callers.map(([target, caller]) => ({ one, target, caller })));
  console.error(`seed ${seed}, ${turns.length * rounds} sandboxes`);
  const workspace = new Workspace(root);
  const began = performance.now();
  let said = began;
  try {
    const input = makeInput(workspace);
    for (let round = 1; round <= rounds; round++) {
      for (const { one, target, caller } of shuffled(turns, seed + round)) {
        one.turns.push({ target, round, seconds: await secondsOf(one, caller, input) });
        const now = performance.now();
        if (now - said > progressSeconds * 1000) {
          said = now;
          const done = series.reduce((count, { turns: { length } }) => count + length, 0);
          const elapsed = Math.round((now - began) / 1000);
          console.error(` ...   sandbox ${done} of ${turns.length * rounds}, ${elapsed} s`);
        }
      }
    }
  } finally {
    await workspace.dispose(0);
  }
  return {
    seed,
    series: series.map(({ workload, directfs, turns: taken }) => ({ workload: workload.name, directfs, turns: taken })),
  };
}

/** Leaves out, and says so, what cannot run here. */
function seriesOf({ workloads: wanted, directfs: conditions }: SandboxPlan): Series[] {
  const possible = wanted.filter(({ name, programs }) => {
    const missing = programs.filter((program) => Bun.which(program) === null);
    if (missing.length > 0) console.error(`${name}: left out, missing: ${missing.join(", ")}`);
    return missing.length === 0;
  });
  return conditions.flatMap((directfs) => possible.map((workload) => ({ workload, directfs, turns: [] })));
}

/** Runs one workload in a new sandbox. Throws when it fails, or when runsc leaves something behind. */
async function secondsOf({ workload, directfs }: Series, caller: Caller, input: string): Promise<number> {
  const workspace = new Workspace(caller);
  let output: string;
  try {
    const bundle = writeBundle(workspace, {
      name: "bundle",
      script: scriptOf(workload),
      mounts: [
        { source: workspace.makeDirectory("data"), destination: "/data" },
        { source: input, destination: "/input", options: ["ro"] },
      ],
    });
    workspace.makeDirectory("data/home");
    output = await runscOutput(
      workspace,
      { directfs, overlay: "none" },
      ["run", `--bundle=${bundle.directory}`, "bench"],
      { secondsMax: workloadSecondsMax, log: false },
    );
  } catch (error) {
    await workspace.dispose(0);
    throw new Error(`${workload.name} on ${caller.executables.runsc}`, { cause: error });
  }
  const leftovers = await workspace.dispose(settleSecondsMax);
  if (leftovers.length > 0) throw new Error(`${workload.name} left behind: ${leftovers.join(", ")}`);
  const nanoseconds = timePattern.exec(output)?.[1];
  if (nanoseconds === undefined) throw new Error(`${workload.name} said no time:\n${output}`);
  return Number(nanoseconds) / 1e9;
}

function scriptOf({ prepare, work }: Workload): string {
  return [
    "set -e; cd /data; export HOME=/data/home TMPDIR=/data/home",
    prepare,
    "began=$(date +%s%N)",
    work,
    "ended=$(date +%s%N)",
    'echo "nanoseconds $((ended - began))"',
  ].join("\n");
}
