import { readdirSync, readFileSync, readlinkSync, statfsSync, statSync } from "node:fs";
import type { Workspace } from "./workspace.ts";

/** What a task may do, in the words of its status file, with single blanks. Source: proc_pid_status(5). */
export type Privileges = {
  readonly Uid: string;
  readonly Gid: string;
  readonly Groups: string;
  readonly CapInh: string;
  readonly CapPrm: string;
  readonly CapEff: string;
  readonly CapBnd: string;
  readonly CapAmb: string;
  readonly NoNewPrivs: string;
  readonly Seccomp: string;
};

/** The privileges of each task of a process, by the task's ID. A task that ends meanwhile is left out. */
export function privilegesOfTasks(pid: number): ReadonlyMap<number, Privileges> {
  const found = new Map<number, Privileges>();
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const status = readUnlessEnded(`/proc/${pid}/task/${task}/status`);
    if (status !== undefined) {
      found.set(Number(task), privilegesIn(status));
    }
  }
  return found;
}

function privilegesIn(status: string): Privileges {
  const value = (field: string): string => {
    const line = status.split("\n").find((each) => each.startsWith(`${field}:`)) ?? `${field}: missing`;
    return line
      .slice(field.length + 1)
      .trim()
      .replaceAll(/\s+/g, " ");
  };
  return {
    Uid: value("Uid"),
    Gid: value("Gid"),
    Groups: value("Groups"),
    CapInh: value("CapInh"),
    CapPrm: value("CapPrm"),
    CapEff: value("CapEff"),
    CapBnd: value("CapBnd"),
    CapAmb: value("CapAmb"),
    NoNewPrivs: value("NoNewPrivs"),
    Seccomp: value("Seccomp"),
  };
}

function readUnlessEnded(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Each namespace of a process: the one that this process is in, or another. */
export function namespacesOf(pid: number): Readonly<Record<string, "the starter's" | "another">> {
  return Object.fromEntries(
    readdirSync(`/proc/${pid}/ns`).map((name) => {
      const isShared = readlinkSync(`/proc/${pid}/ns/${name}`) === readlinkSync(`/proc/self/ns/${name}`);
      return [name, isShared ? "the starter's" : "another"];
    }),
  );
}

/** Soft and hard limit, by name. */
export function limitsOf(pid: number): Readonly<Record<string, string>> {
  const [, ...lines] = readFileSync(`/proc/${pid}/limits`, "utf8").trimEnd().split("\n");
  return Object.fromEntries(
    lines.map((line) => {
      const [, name = line, soft, hard] = /^(\S.*?) {2,}(\S+) +(\S+)/.exec(line) ?? [];
      return [name, `${soft} ${hard}`];
    }),
  );
}

/** What is mounted in the process's root: what of it, where, with which options, of which type; in order. */
export function mountsOf(pid: number, workspace: Workspace): string[] {
  return readFileSync(`/proc/${pid}/mountinfo`, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [, , , source = "", point, options] = line.split(" ");
      const [type] = (line.split(" - ")[1] ?? "").split(" ");
      return `${inWorkspace(source, workspace)} ${point} ${options} ${type}`;
    });
}

/** The path in words that are the same in every workspace. */
function inWorkspace(path: string, workspace: Workspace): string {
  return path.replace(workspace.directory, "WORKSPACE");
}

/** Names of the environment variables that the process's executable was started with. */
export function variablesOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/environ`, "utf8")
    .split("\0")
    .filter((assignment) => assignment !== "")
    .map((assignment) => assignment.split("=", 1)[0] ?? "")
    .sort();
}

/** A stretch of a process's memory. */
export type Mapping = {
  readonly bytes: number;
  readonly isWritable: boolean;
  readonly isExecutable: boolean;
  readonly isPrivate: boolean;
  /** Path or name of what is mapped; nothing for anonymous memory. */
  readonly backing: string;
};

/** Source: proc_pid_maps(5). */
export function mappingsOf(pid: number): Mapping[] {
  return readFileSync(`/proc/${pid}/maps`, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [range = "", permissions = "", , , , ...backing] = line.split(/ +/);
      const [start = "", end = ""] = range.split("-");
      return {
        bytes: Number(BigInt(`0x${end}`) - BigInt(`0x${start}`)),
        isWritable: permissions.includes("w"),
        isExecutable: permissions.includes("x"),
        isPrivate: permissions.includes("p"),
        backing: backing.join(" "),
      };
    });
}

const procFileSystemType = 0x9f_a0;

/** How many descriptors of each kind a process has. Files of the host are told by where they are. */
export function descriptorsOf(pid: number, workspace: Workspace): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
    const found = kindOf(`/proc/${pid}/fd/${descriptor}`);
    if (found !== undefined) {
      const kind = found.startsWith(workspace.logDirectory) ? "log" : inWorkspace(found, workspace);
      counts[kind] = (counts[kind] ?? 0) + 1;
    }
  }
  return counts;
}

/** Memory that the gofer shares with the sandbox; the two gofers name it differently. */
const channelMemory = /^\/memfd:(?:flipcall_packet_windows|lisafs-channels) /;

/** Undefined for a descriptor that is closed by now. */
function kindOf(path: string): string | undefined {
  let target: string;
  try {
    target = readlinkSync(path);
    if (target.startsWith("/") && statfsSync(path).type === procFileSystemType) {
      return `${target} in a proc file system`;
    }
  } catch {
    return undefined;
  }
  if (channelMemory.test(target)) {
    return "channel memory";
  }
  if (target === "/root" || target.startsWith("/root/")) {
    return "served file";
  }
  return target.replace(/^(?:socket|pipe):.*/, (object) => object.slice(0, object.indexOf(":")));
}

/** Whether a process's working directory is its root. */
export function worksInItsRoot(pid: number): boolean {
  const root = statSync(`/proc/${pid}/root/.`, { bigint: true });
  const workingDirectory = statSync(`/proc/${pid}/cwd/.`, { bigint: true });
  return root.dev === workingDirectory.dev && root.ino === workingDirectory.ino;
}

/** What a process finds in its root directory. */
export function rootEntriesOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/root/.`).sort();
}
