import { assumeOpen, type HostFd, takeAndClose } from "../../ffi/host-fd.ts";
import { nodeFs } from "../../ffi/node-fs.ts";
import type { Log } from "../log/log.ts";
import { profileBytes } from "../server/profile-layout.ts";
import { RequestCounts } from "../server/request-counts.ts";
import { RequestProfile } from "../server/request-profile.ts";
import { fileForContainer } from "./file-for-container.ts";
import { RuntimeProfiles } from "./runtime-profiles.ts";
import { mapSharedFile } from "./shared-file.ts";
import { type Attempt, messageOf, StartFailure } from "./start-failure.ts";
import { openStatistics } from "./statistics.ts";

const countsVariable = "BUN_GOFER_STATS";
const cpuVariable = "BUN_GOFER_CPU_PROFILE";

const profileFile = { variable: "BUN_GOFER_PROFILE", purpose: "keep a profile", bytes: profileBytes };

/** Profiles of a Go runtime that Bun has nothing like, and what to use instead. */
const otherProfiles: Readonly<Record<string, string>> = {
  "profile-block-fd": "it has no profile of blocking; BUN_GOFER_PROFILE gives latencies and waits",
  "profile-mutex-fd":
    "it has no profile of mutexes; the latencies that BUN_GOFER_PROFILE gives contain waits for locks",
  "trace-fd": "it has no execution trace; --debug --strace logs each request",
};

const fileMode = 0o644;

/** What a gofer measures of itself. */
export interface Instruments {
  readonly counts: RequestCounts;
  /** Undefined when nobody asks for it. */
  readonly profile: RequestProfile | undefined;
  readonly runtime: RuntimeProfiles;
}

/**
 * Opens all that measurements are to be written to, while the host's root is there, and begins to measure. Takes `profileFds`, which
 * runsc's flags of these names gave.
 */
export function openInstruments(
  containerId: string,
  profileFds: ReadonlyMap<string, HostFd>,
  log: Log,
): Attempt<Instruments> {
  const path = environmentOf(countsVariable);
  const counts = path === "" ? new RequestCounts() : openStatistics(path, containerId);
  if (counts instanceof StartFailure) return counts;
  const profile = openProfile(containerId);
  if (profile instanceof StartFailure) return profile;
  const cpuFile = openCpuProfile(containerId);
  if (cpuFile instanceof StartFailure) return cpuFile;
  for (const [name, reason] of Object.entries(otherProfiles)) {
    const fd = profileFds.get(name);
    if (fd === undefined) continue;
    log.warn(`nothing is written for --${name}: the runtime is Bun, not Go: ${reason}`);
    takeAndClose(fd);
  }
  const cpu = [profileFds.get("profile-cpu-fd"), cpuFile].filter((fd) => fd !== undefined);
  const heap = [profileFds.get("profile-heap-fd")].filter((fd) => fd !== undefined);
  return { counts, profile, runtime: new RuntimeProfiles({ cpu, heap }, log) };
}

function openProfile(containerId: string): Attempt<RequestProfile | undefined> {
  const path = environmentOf(profileFile.variable);
  if (path === "") return undefined;
  const at = mapSharedFile(profileFile, path, containerId);
  return at instanceof StartFailure ? at : new RequestProfile(at);
}

function openCpuProfile(containerId: string): Attempt<HostFd | undefined> {
  const path = environmentOf(cpuVariable);
  if (path === "") return undefined;
  const file = fileForContainer(path, containerId);
  const { closeSync, constants, fstatSync, openSync } = nodeFs();
  try {
    const descriptor = openSync(file, constants.O_WRONLY | constants.O_CREAT | constants.O_NONBLOCK, fileMode);
    if (fstatSync(descriptor).isFile()) return assumeOpen(descriptor);
    closeSync(descriptor);
    return cannotWrite(file, "it is no regular file");
  } catch (error) {
    return cannotWrite(file, messageOf(error));
  }
}

function cannotWrite(file: string, reason: string): StartFailure {
  return new StartFailure("statistics", `cannot write a CPU profile to ${file}, which ${cpuVariable} names: ${reason}`);
}

function environmentOf(variable: string): string {
  return process.env[variable] ?? "";
}
