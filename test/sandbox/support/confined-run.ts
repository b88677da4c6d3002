import { expect } from "bun:test";
import { statSync } from "node:fs";
import { type BundleOptions, writeBundle } from "./bundle.ts";
import { expectGofers } from "./gofer-observation.ts";
import { mountsOf, type Privileges, privilegesOfTasks } from "./live-process.ts";
import { becomesTrue } from "./poll.ts";
import { gofersMentioning } from "./process-table.ts";
import { type Mode, type Running, startRunsc } from "./runsc.ts";
import type { Workspace } from "./workspace.ts";

/** How a gofer is to be confined, where it is not as in most modes. */
export type ConfinementWanted = {
  /** Whether it may borrow users' IDs, to connect to their sockets. Default: false. */
  readonly borrowsIds?: boolean;
  /** Whether it has left the host's root. Default: true. */
  readonly leavesHostRoot?: boolean;
  /** How many gofers there are. Default: 1. */
  readonly gofers?: number;
};

/** CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, FSETID and SYS_CHROOT. */
const fileCapabilities = "000000000004001f";
/** The same with SETGID and SETUID. */
const fileAndIdCapabilities = "00000000000400df";

/** Asserts that the gofers of this workspace, which must be those under test, have nothing that they do not need. */
export async function expectConfinedGofers(ws: Workspace, wanted: ConfinementWanted = {}): Promise<void> {
  const { borrowsIds = false, leavesHostRoot = true, gofers = 1 } = wanted;
  await expectGofers(ws, gofers);
  const own = borrowsIds ? fileAndIdCapabilities : fileCapabilities;
  const privileges: Partial<Privileges> = {
    CapInh: fileCapabilities,
    CapPrm: own,
    CapEff: own,
    CapBnd: own,
    CapAmb: fileCapabilities,
    NoNewPrivs: "1",
    Seccomp: "2",
  };
  for (const { pid } of gofersMentioning(ws.directory)) {
    for (const found of privilegesOfTasks(pid).values()) {
      expect(found).toMatchObject(privileges);
    }
    if (leavesHostRoot) {
      expect(fileIdentity(`/proc/${pid}/root/.`)).not.toBe(fileIdentity("/"));
      expect(mountsOf(pid, ws).filter((mount) => mount.endsWith(" proc"))).toEqual([]);
    }
  }
}

function fileIdentity(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true });
  return `${dev}:${ino}`;
}

/** A line that no script prints by chance. */
const doneMark = "-- done --";
const scriptSecondsMax = 30;

/**
 * Runs a container, and looks at its gofer when the container's script is through, before the container ends. Returns what
 * the script printed. Throws when it failed, and asserts that the gofer is confined.
 */
export async function runConfined(
  ws: Workspace,
  mode: Mode,
  options: Omit<BundleOptions, "name">,
  wanted: ConfinementWanted = {},
): Promise<string> {
  const script = `(\n${options.script}\n)\nstatus=$?; echo '${doneMark}'; read -r line; exit $status`;
  const bundle = writeBundle(ws, { name: "bundle", ...options, script });
  const running = startRunsc(ws, mode, ["run", `--bundle=${bundle.directory}`, "one"]);
  return await finishConfined(ws, running, wanted);
}

async function finishConfined(ws: Workspace, running: Running, wanted: ConfinementWanted): Promise<string> {
  const isDone = (): boolean => running.output().includes(doneMark);
  await becomesTrue(() => isDone() || running.hasEnded(), scriptSecondsMax);
  try {
    if (!running.hasEnded()) {
      expect(isDone()).toBe(true);
      await expectConfinedGofers(ws, wanted);
    }
  } finally {
    running.finishInput("\n");
  }
  const { status, stdout, stderr } = await running.outcome();
  if (status !== 0) {
    throw new Error(`the container ended with status ${status}\n${stdout}${stderr}`);
  }
  return stdout.replace(`${doneMark}\n`, "");
}
