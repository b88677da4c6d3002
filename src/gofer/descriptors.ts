import { readNames } from "../../ffi/directory-names.ts";
import { Errno, Failure } from "../../ffi/errno.ts";
import { readLinkAt } from "../../ffi/files.ts";
import { assumeOpen, type HostFd, takeAndClose } from "../../ffi/host-fd.ts";
import type { Log } from "../log/log.ts";
import { quoted } from "./paths.ts";
import { StartFailure } from "./start-failure.ts";

/** Standard input, output and error. */
const standardDescriptors: readonly number[] = [0, 1, 2];

/** What Bun waits with. It makes more of them when it likes, and they lead nowhere. */
const runtimeKinds: ReadonlySet<string> = new Set(["anon_inode:[eventpoll]", "anon_inode:[eventfd]"]);

/**
 * Closes every descriptor of the process but the standard ones, those `needed`, and Bun's own: what the caller passed on without
 * saying what for must not lead out of the container's root. `procSelfFd`, which is borrowed, is a descriptor of /proc/self/fd.
 */
export function closeStrayDescriptors(
  needed: readonly (HostFd | undefined)[],
  procSelfFd: HostFd,
  log: Log,
): StartFailure | undefined {
  const names = readNames(procSelfFd);
  if (names instanceof Failure) return new StartFailure("confinement", `cannot list the descriptors: ${names}`);
  const kept = new Set<number | undefined>([...standardDescriptors, ...needed, procSelfFd]);
  for (const name of names) {
    if (kept.has(Number(name))) continue;
    const target = readLinkAt(procSelfFd, name);
    if (target instanceof Failure) {
      // One that Bun has closed in between.
      if (target.errno === Errno.ENOENT) continue;
      return new StartFailure("confinement", `cannot tell what descriptor ${name} is: ${target}`);
    }
    if (runtimeKinds.has(target)) continue;
    takeAndClose(assumeOpen(Number(name)));
    log.warn(`descriptor ${name} was open and nobody needs it: closed`, { target: quoted(target) });
  }
  return undefined;
}
