import {
  type CapabilitySets,
  callsForCapabilities,
  capabilityFields,
  capabilityMask,
  capabilitySetsOf,
  formatCapabilities,
  hasCapability,
  noNewPrivilegesCall,
} from "../../ffi/capabilities.ts";
import { Failure } from "../../ffi/errno.ts";
import { callOnEveryThread, type ThreadCall, type ThreadProblem } from "../../ffi/every-thread.ts";
import {
  CAP_CHOWN,
  CAP_DAC_OVERRIDE,
  CAP_DAC_READ_SEARCH,
  CAP_FOWNER,
  CAP_FSETID,
  CAP_SETGID,
  CAP_SETPCAP,
  CAP_SETUID,
  CAP_SYS_CHROOT,
} from "../../ffi/linux.ts";
import type { OwnTasks, TaskStatus } from "../../ffi/own-tasks.ts";
import type { Log } from "../log/log.ts";
import { StartFailure } from "./start-failure.ts";

/** What serving files takes. Source: runsc/cmd/gofer.go. */
const servingCapabilities: ReadonlyMap<string, number> = new Map([
  ["CAP_CHOWN", CAP_CHOWN],
  ["CAP_DAC_OVERRIDE", CAP_DAC_OVERRIDE],
  ["CAP_DAC_READ_SEARCH", CAP_DAC_READ_SEARCH],
  ["CAP_FOWNER", CAP_FOWNER],
  ["CAP_FSETID", CAP_FSETID],
  ["CAP_SYS_CHROOT", CAP_SYS_CHROOT],
]);

/** What connecting to host sockets as the client's user takes. */
const connectingCapabilities: ReadonlyMap<string, number> = new Map([
  ["CAP_SETUID", CAP_SETUID],
  ["CAP_SETGID", CAP_SETGID],
]);

/** What the threads are to be left with. */
export interface PrivilegeRequest {
  /** False leaves all capabilities as they are. */
  readonly dropsCapabilities: boolean;
  readonly opensHostSockets: boolean;
  /** Who the process is to be; undefined where it stays who it is. The calling thread already is. */
  readonly user: UserIds | undefined;
}

export interface UserIds {
  readonly uid: number;
  readonly gid: number;
}

/** The state every thread is to be in, by the fields of its status, and the calls that bring it there. */
interface ThreadPlan {
  readonly calls: readonly ThreadCall[];
  readonly wanted: ReadonlyMap<string, string>;
}

/**
 * Gives up the privileges that serving does not take, on every thread of the process, and proves of each that it has. Whatever is
 * left over on any of them is a failure. No thread can gain privileges afterwards.
 * Source: runsc/cmd/gofer.go and runsc/cmd/sandboxsetup/caps_unsafe.go for what is kept.
 */
export function dropPrivileges(request: PrivilegeRequest, tasks: OwnTasks, log: Log): StartFailure | undefined {
  const own = tasks.readOwn();
  if (own instanceof Failure) return new StartFailure("confinement", `cannot look at the threads: ${own}`);
  const sets = request.dropsCapabilities ? setsToKeep(request, capabilitySetsOf(own), log) : undefined;
  const { calls, wanted } = planFor(request, own, sets);
  const started = performance.now();
  const run = callOnEveryThread(calls, tasks, (task) => differenceOf(task, wanted) === undefined);
  if ("kind" in run)
    return new StartFailure("confinement", `cannot give up privileges: ${reasonOf(run, calls, wanted)}`);
  const milliseconds = Number((performance.now() - started).toFixed(2));
  const fields = { threads: run.threads, passes: run.passes, milliseconds };
  if (sets === undefined) log.info("capabilities kept on all threads: --apply-caps=false", fields);
  else log.info("capabilities applied to all threads", { ...describeSets(sets), ...fields });
  return undefined;
}

/** The sets that upstream's process ends up with. What is not permitted now is given up too. */
export function setsToKeep(
  { opensHostSockets, user }: Omit<PrivilegeRequest, "dropsCapabilities">,
  current: CapabilitySets,
  log: Log,
): CapabilitySets {
  const trim = (wanted: ReadonlyMap<string, number>): bigint =>
    capabilityMask([...wanted].filter(([name, number]) => isPermitted(name, number)).map(([, number]) => number));
  const isPermitted = (name: string, number: number): boolean => {
    if (hasCapability(current.permitted, number)) return true;
    log.warn(`${name} is not permitted: doing without`);
    return false;
  };
  const serving = trim(servingCapabilities);
  const connecting = opensHostSockets ? trim(connectingCapabilities) : 0n;
  // Where there are user IDs to take on, upstream's gofer executes itself anew: whoever is not root then keeps what is ambient.
  const keepsAmbientOnly = user !== undefined && user.uid !== 0;
  const permitted = keepsAmbientOnly ? serving : serving | connecting;
  return {
    bounding: dropsBounding(current) ? (serving | connecting) & current.bounding : current.bounding,
    effective: permitted,
    permitted,
    inheritable: serving,
    ambient: serving,
  };
}

function dropsBounding(current: CapabilitySets): boolean {
  return hasCapability(current.effective, CAP_SETPCAP);
}

function planFor({ user }: PrivilegeRequest, own: TaskStatus, sets: CapabilitySets | undefined): ThreadPlan {
  const calls: ThreadCall[] = [];
  // Who takes on another user may lose the capability to take on the group, unless it is ambient: upstream's order all the same.
  if (user !== undefined) calls.push({ call: "setuid", args: [user.uid] }, { call: "setgid", args: [user.gid] });
  if (sets !== undefined) calls.push(...callsForCapabilities(sets, dropsBounding(capabilitySetsOf(own))));
  calls.push(noNewPrivilegesCall);
  const wanted = new Map([
    ["Uid", user === undefined ? own.value("Uid") : fourTimes(user.uid)],
    ["Gid", user === undefined ? own.value("Gid") : fourTimes(user.gid)],
    ["Groups", own.value("Groups")],
    ["NoNewPrivs", "1"],
  ]);
  for (const [set, mask] of Object.entries(sets ?? capabilitySetsOf(own)) as [keyof CapabilitySets, bigint][]) {
    wanted.set(capabilityFields[set], formatCapabilities(mask));
  }
  return { calls, wanted };
}

/** Real, effective, saved and file system ID. */
function fourTimes(id: number): string {
  return [id, id, id, id].join(" ");
}

/** The first field in which a thread is not as it should be; undefined when it is. */
function differenceOf(task: TaskStatus, wanted: ReadonlyMap<string, string>): string | undefined {
  for (const [field, value] of wanted) {
    const found = task.value(field);
    if (found !== value) return `${field} is ${found}, want ${value}`;
  }
  return undefined;
}

function reasonOf(problem: ThreadProblem, calls: readonly ThreadCall[], wanted: ReadonlyMap<string, string>): string {
  switch (problem.kind) {
    case "failed call": {
      const { call = "", args = [] } = calls[problem.index] ?? {};
      return `${problem.task}: ${call}(${args.join(", ")}): ${problem.failure}`;
    }
    case "no effect":
      return `${problem.task}: ${differenceOf(problem.task, wanted)}`;
    case "signal blocked":
      return `${problem.task} blocks the signal that tells it to`;
    case "no answer":
      return `${problem.task} does not answer`;
    case "never settled":
      return "threads come and go too fast to be sure of all of them";
    case "unreadable":
      return `cannot look at the threads: ${problem.failure}`;
  }
}

function describeSets(sets: CapabilitySets): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(sets).map(([set, mask]) => [set, `0x${mask.toString(16)}`]));
}
