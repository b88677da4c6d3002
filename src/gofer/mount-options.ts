import {
  MS_BIND,
  MS_DIRSYNC,
  MS_I_VERSION,
  MS_MANDLOCK,
  MS_NOATIME,
  MS_NODEV,
  MS_NODIRATIME,
  MS_NOEXEC,
  MS_NOSUID,
  MS_POSIXACL,
  MS_PRIVATE,
  MS_RDONLY,
  MS_REC,
  MS_RELATIME,
  MS_REMOUNT,
  MS_SILENT,
  MS_SLAVE,
  MS_STRICTATIME,
  MS_SYNCHRONOUS,
  MS_UNBINDABLE,
} from "../../ffi/linux.ts";
import { type Attempt, StartFailure } from "./start-failure.ts";

/** What an option does to the flags of a mount. */
interface FlagChange {
  readonly set?: number;
  readonly clear?: number;
}

/** Source: mount(8), "FILESYSTEM-INDEPENDENT MOUNT OPTIONS", and the OCI runtime specification. */
const optionChanges: ReadonlyMap<string, FlagChange> = new Map<string, FlagChange>([
  ["acl", { set: MS_POSIXACL }],
  ["async", { clear: MS_SYNCHRONOUS }],
  ["atime", { clear: MS_NOATIME }],
  ["bind", { set: MS_BIND }],
  ["dev", { clear: MS_NODEV }],
  ["diratime", { clear: MS_NODIRATIME }],
  ["dirsync", { set: MS_DIRSYNC }],
  ["exec", { clear: MS_NOEXEC }],
  ["iversion", { set: MS_I_VERSION }],
  ["loud", { clear: MS_SILENT }],
  ["mand", { set: MS_MANDLOCK }],
  ["noacl", { clear: MS_POSIXACL }],
  ["noatime", { set: MS_NOATIME }],
  ["nodev", { set: MS_NODEV }],
  ["nodiratime", { set: MS_NODIRATIME }],
  ["noexec", { set: MS_NOEXEC }],
  ["noiversion", { clear: MS_I_VERSION }],
  ["nomand", { clear: MS_MANDLOCK }],
  ["norelatime", { clear: MS_RELATIME }],
  ["nostrictatime", { clear: MS_STRICTATIME }],
  ["nosuid", { set: MS_NOSUID }],
  ["rbind", { set: MS_BIND | MS_REC }],
  ["relatime", { set: MS_RELATIME }],
  ["remount", { set: MS_REMOUNT }],
  ["ro", { set: MS_RDONLY }],
  ["rw", { clear: MS_RDONLY }],
  ["silent", { set: MS_SILENT }],
  ["strictatime", { set: MS_STRICTATIME }],
  ["suid", { clear: MS_NOSUID }],
  ["sync", { set: MS_SYNCHRONOUS }],
]);

/** Options that mount(2) takes in a call of their own. Source: mount_namespaces(7). */
const propagations: ReadonlyMap<string, number> = new Map([
  ["private", MS_PRIVATE],
  ["rprivate", MS_PRIVATE | MS_REC],
  ["slave", MS_SLAVE],
  ["rslave", MS_SLAVE | MS_REC],
  ["unbindable", MS_UNBINDABLE],
  ["runbindable", MS_UNBINDABLE | MS_REC],
]);

/** They would let mounts made by the gofer appear on the host. */
const refusedOptions: ReadonlySet<string> = new Set(["shared", "rshared"]);

/** The flags (MS_…) of mount options, in order; options that are not about flags count for nothing. */
export function mountFlagsOf(options: readonly string[]): number {
  let flags = 0;
  for (const option of options) {
    const change = optionChanges.get(option);
    if (change !== undefined) flags = (flags | (change.set ?? 0)) & ~(change.clear ?? 0);
  }
  return flags;
}

/** The propagation flags (MS_…) among mount options; 0 when there are none. */
export function propagationFlagsOf(options: readonly string[]): number {
  let flags = 0;
  for (const option of options) flags |= propagations.get(option) ?? 0;
  return flags;
}

/** Whether the options ask for a read-only mount. */
export function isReadonly(options: readonly string[]): boolean {
  return options.includes("ro");
}

/** Refuses options that no mount of a container may have. */
export function checkMountOptions(options: readonly string[]): StartFailure | undefined {
  const refused = options.find((option) => refusedOptions.has(option));
  return refused === undefined ? undefined : new StartFailure("spec", `mount option "${refused}" is not supported`);
}

/** The options without those that checkMountOptions() refuses. */
export function withoutRefusedOptions(options: readonly string[]): string[] {
  return options.filter((option) => !refusedOptions.has(option));
}

/** The flags of the root's propagation, which must keep mounts from reaching the host. */
export function rootPropagationFlags(propagation: string): Attempt<number> {
  const flags = propagations.get(propagation) ?? 0;
  if ((flags & (MS_SLAVE | MS_PRIVATE)) !== 0) return flags;
  return new StartFailure("spec", `the root's propagation must be private or slave, got "${propagation}"`);
}
