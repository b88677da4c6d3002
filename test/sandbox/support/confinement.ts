import { existsSync, readdirSync } from "node:fs";
import { writeBundle } from "./bundle.ts";
import { expectGofers } from "./gofer-observation.ts";
import {
  descriptorsOf,
  limitsOf,
  type Mapping,
  mappingsOf,
  mountsOf,
  namespacesOf,
  type Privileges,
  privilegesOfTasks,
  rootEntriesOf,
  variablesOf,
  worksInItsRoot,
} from "./live-process.ts";
import { becomesTrue } from "./poll.ts";
import { gofersMentioning } from "./process-table.ts";
import { type Mode, runscDetached, runscOutput } from "./runsc.ts";
import type { Workspace } from "./workspace.ts";

/** What can be seen from outside of the gofer of a container that runs and has worked with its files. */
export type Confinement = {
  /** Of the tasks that were there before the work. */
  readonly privilegesBefore: readonly Privileges[];
  /** Of every task that was seen, during the work or after it; each different one once. */
  readonly privileges: readonly Privileges[];
  /** How many of those tasks were not there before. */
  readonly tasksAdded: number;
  readonly rootEntries: readonly string[];
  readonly worksInItsRoot: boolean;
  /** What is in the directory above its root, and in the directories there, but for the root itself. */
  readonly aboveRoot: readonly string[];
  readonly namespaces: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, string>>;
  readonly mounts: readonly string[];
  readonly descriptors: Readonly<Record<string, number>>;
  readonly variables: readonly string[];
  readonly mappings: readonly Mapping[];
};

const observedSecondsMax = 30;

/** What the container does in its writable mount before the gofer is looked at for the last time. */
const work = "for n in 1 2 3 4; do echo $n > $n; done; cat ? > all; sync all; mv all other; rm ?";

const script = `
  cd /output && touch ready && until [ -e go ]; do sleep 0.01; done
  mkdir work && cd work && { ${work}; }
  touch ../done; exec sleep 1000`;

/** Starts a container with a read-only and a writable mount, has it work, and looks at its gofer. */
export async function observeConfinement(ws: Workspace, mode: Mode): Promise<Confinement> {
  ws.writeFile("input/given", "from the host\n");
  const bundle = writeBundle(ws, {
    name: "bundle",
    script,
    mounts: [
      { source: ws.path("input"), destination: "/input", options: ["ro", "rbind"] },
      { source: ws.makeDirectory("output"), destination: "/output" },
    ],
  });
  await runscDetached(ws, mode, ["run", "--detach", `--bundle=${bundle.directory}`, "one"]);
  await waitForFile(ws.path("output/ready"));
  await expectGofers(ws, 1);
  const [gofer] = gofersMentioning(ws.directory);
  if (gofer === undefined) {
    throw new Error("there is no gofer");
  }
  const confinement = await observeAtWork(ws, gofer.pid);
  await runscOutput(ws, mode, ["delete", "--force", "one"]);
  return confinement;
}

async function observeAtWork(ws: Workspace, pid: number): Promise<Confinement> {
  const before = privilegesOfTasks(pid);
  const seen = new Map(before);
  const look = (): void => {
    for (const [task, privileges] of privilegesOfTasks(pid)) {
      seen.set(task, privileges);
    }
  };
  ws.writeFile("output/go", "");
  await waitForFile(ws.path("output/done"), look);
  look();
  return {
    privilegesBefore: different(before.values()),
    privileges: different(seen.values()),
    tasksAdded: seen.size - before.size,
    rootEntries: rootEntriesOf(pid),
    worksInItsRoot: worksInItsRoot(pid),
    aboveRoot: entriesAboveRoot(pid),
    namespaces: namespacesOf(pid),
    limits: limitsOf(pid),
    mounts: mountsOf(pid, ws),
    descriptors: descriptorsOf(pid, ws),
    variables: variablesOf(pid),
    mappings: mappingsOf(pid),
  };
}

/** Waits for a file, looking at something else meanwhile. */
async function waitForFile(path: string, meanwhile: () => void = () => {}): Promise<void> {
  const isThere = (): boolean => {
    meanwhile();
    return existsSync(path);
  };
  if (!(await becomesTrue(isThere, observedSecondsMax))) {
    throw new Error(`${path} has not appeared in ${observedSecondsMax} s`);
  }
}

/** Seen from outside, `..` leads out of the root, as it would for whoever escapes from it. Not to be normalized away. */
function entriesAboveRoot(pid: number): string[] {
  const above = `/proc/${pid}/root/..`;
  const entriesIn = (name: string): string[] => readdirSync(`${above}/${name}`).map((entry) => `${name}/${entry}`);
  return readdirSync(above)
    .sort()
    .flatMap((name) => (name === "root" ? [name] : [name, ...entriesIn(name)]));
}

function different(all: Iterable<Privileges>): Privileges[] {
  return [...new Map([...all].map((each) => [JSON.stringify(each), each])).values()];
}
