import { readFileSync, readlinkSync } from "node:fs";
import { byteStringOf } from "../../../../ffi/byte-string.ts";
import { openAt } from "../../../../ffi/files.ts";
import { HelperThread } from "../../../../ffi/helper-thread.ts";
import { type HostFd, workingDirectory } from "../../../../ffi/host-fd.ts";
import { O_CLOEXEC, O_DIRECTORY, O_RDONLY, SOCK_STREAM } from "../../../../ffi/linux.ts";
import { OwnTasks } from "../../../../ffi/own-tasks.ts";
import { createSocketPair } from "../../../../ffi/sockets.ts";
import { syscalls } from "../../../../ffi/syscalls.ts";
import { closeStrayDescriptors } from "../../../../src/gofer/descriptors.ts";
import { forbidCoreDumps } from "../../../../src/gofer/limits.ts";
import { dropPrivileges, type PrivilegeRequest } from "../../../../src/gofer/privileges.ts";
import { StartFailure } from "../../../../src/gofer/start-failure.ts";
import { must } from "../../support/results.ts";
import { logLines } from "./log-lines.ts";

/* Does to this process what a gofer does to itself, as the first argument says, and prints what became of it. */

export type Confinement =
  | {
      readonly step: "privileges";
      readonly request: Omit<PrivilegeRequest, "user"> & { readonly user?: PrivilegeRequest["user"] };
    }
  | { readonly step: "privileges with a deaf thread" }
  | { readonly step: "core dumps" }
  | { readonly step: "descriptors" };

export interface ConfinementReport {
  readonly failure: string | null;
  readonly log: readonly string[];
  /** Of each thread, afterwards: what is asked of its status, in one line. */
  readonly threads: readonly string[];
  readonly coreLimit: string;
  /** What prctl(PR_GET_DUMPABLE) gives. */
  readonly dumpable: number;
  /** For each descriptor that was opened, whether it is open still and the same. */
  readonly open: Readonly<Record<string, boolean>>;
}

const getDumpable = 3;
const asRoot = { dropsCapabilities: true, opensHostSockets: false, user: undefined } as const;
const fields = ["Uid", "Gid", "CapBnd", "CapEff", "CapPrm", "CapInh", "CapAmb", "NoNewPrivs"];

const { log, lines } = logLines();
using tasks = must(OwnTasks.open());
const procSelfFd = must(openAt(workingDirectory, byteStringOf("/proc/self/fd"), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
const opened: Record<string, HostFd> = {};

function confine(confinement: Confinement): StartFailure | undefined {
  switch (confinement.step) {
    case "privileges":
      return dropPrivileges({ user: undefined, ...confinement.request }, tasks, log);
    case "privileges with a deaf thread":
      if (HelperThread.start() === undefined) throw new Error("no helper thread");
      return dropPrivileges(asRoot, tasks, log);
    case "core dumps":
      return forbidCoreDumps();
    case "descriptors": {
      const [socket, stray] = must(createSocketPair(SOCK_STREAM));
      const directory = must(openAt(workingDirectory, byteStringOf("/"), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      Object.assign(opened, { needed: socket, stray, directory, procSelfFd, tasks: tasks.descriptor });
      return closeStrayDescriptors([undefined, socket, tasks.descriptor], procSelfFd, log);
    }
  }
}

const confinement = JSON.parse(process.argv[2] ?? "") as Confinement;
const failure = confine(confinement);
const report: ConfinementReport = {
  failure: failure instanceof StartFailure ? `${failure.exit}: ${failure.reason}` : null,
  log: lines,
  threads: must(tasks.read()).tasks.map((task) => fields.map((field) => `${field}=${task.value(field)}`).join(" ")),
  coreLimit: /^Max core file size +(\S+ +\S+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? "",
  dumpable: syscalls.prctl(getDumpable, 0, 0, 0, 0),
  open: Object.fromEntries(Object.entries(opened).map(([name, fd]) => [name, isOpen(fd)])),
};
console.log(JSON.stringify(report));
process.exit(0);

function isOpen(fd: HostFd): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`) !== "";
  } catch {
    return false;
  }
}
