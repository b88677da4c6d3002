import { readdirSync, readFileSync } from "node:fs";
import type { ByteString } from "../../../ffi/byte-string.ts";
import { TaskStatus } from "../../../ffi/own-tasks.ts";
import type { GoferOptions } from "./gofer-process.ts";

/** A way to start a gofer as root, and what each thread of it must then have, by the fields of its status. */
export interface PrivilegeMode {
  readonly name: string;
  readonly options: Pick<GoferOptions, "globalFlags" | "flags" | "userNamespace">;
  readonly wanted: Readonly<Record<string, string>>;
}

/** CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, FSETID, SYS_CHROOT. */
const serving = "000000000004001f";

/** SETGID and SETUID as well. */
const servingAndConnecting = "00000000000400df";

const servingOnly = {
  CapInh: serving,
  CapPrm: serving,
  CapEff: serving,
  CapBnd: serving,
  CapAmb: serving,
  NoNewPrivs: "1",
};

const opensSockets = {
  ...servingOnly,
  CapPrm: servingAndConnecting,
  CapEff: servingAndConnecting,
  CapBnd: servingAndConnecting,
};

/** What was seen of the stock gofer's live process in the same mode. */
export const privilegeModes: readonly PrivilegeMode[] = [
  { name: "by default", options: {}, wanted: { ...servingOnly, Uid: "0 0 0 0", Gid: "0 0 0 0" } },
  { name: "without directfs", options: { globalFlags: ["--directfs=false"] }, wanted: servingOnly },
  { name: "with host sockets", options: { globalFlags: ["--host-uds=open"] }, wanted: opensSockets },
  { name: "with host sockets to create", options: { globalFlags: ["--host-uds=create"] }, wanted: servingOnly },
  {
    name: "with IDs to take on",
    options: { userNamespace: true, flags: ["--uid=0", "--gid=65534"] },
    wanted: { ...servingOnly, Uid: "0 0 0 0", Gid: "65534 65534 65534 65534" },
  },
  {
    name: "with IDs to take on, and host sockets",
    options: { userNamespace: true, flags: ["--gid=65534"], globalFlags: ["--host-uds=all"] },
    wanted: { ...opensSockets, Gid: "65534 65534 65534 65534" },
  },
];

export interface Strays {
  /** What is wrong, one line for each thread that is not as wanted. */
  readonly stray: readonly string[];
  /** The IDs of the threads that were looked at. */
  readonly seen: ReadonlySet<string>;
}

/** Looks at every thread of process `pid` from outside. */
export function strayThreads(pid: number | undefined, { wanted }: PrivilegeMode): Strays {
  if (pid === undefined) return { stray: ["the process has ended"], seen: new Set() };
  const statuses = readdirSync(`/proc/${pid}/task`).flatMap((thread) => statusOf(pid, thread));
  const stray = statuses.flatMap((status) => {
    const wrong = Object.entries(wanted).filter(([field, value]) => status.value(field) !== value);
    return wrong.map(([field, value]) => `${status}: ${field} is ${status.value(field)}, want ${value}`);
  });
  return { stray, seen: new Set(statuses.map((status) => status.value("Pid"))) };
}

function statusOf(pid: number, thread: string): TaskStatus[] {
  try {
    return [new TaskStatus(thread as ByteString, readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8"))];
  } catch {
    // It has ended in between.
    return [];
  }
}
