import { dirname } from "node:path/posix";
import type { ByteString } from "../../ffi/byte-string.ts";
import { Errno, Failure, type Result } from "../../ffi/errno.ts";
import { readLinkAt } from "../../ffi/files.ts";
import { workingDirectory } from "../../ffi/host-fd.ts";
import { joinPaths, quoted } from "./paths.ts";
import { type Attempt, StartFailure } from "./start-failure.ts";

/** As many symbolic links one inside the other are followed as runsc follows. */
const nestedLinksMax = 254;

/**
 * The place that `path` names for a process whose root is `root`: symbolic links are followed, an absolute target starts at
 * `root` again, and `..` does not lead out of it. What does not exist is taken for a directory yet to be made. `root` is
 * absolute and free of links and dots; so is what comes back.
 * Source: ResolveSymlinks in runsc/cmd/sandboxsetup/fs.go, whose answers these are.
 */
export function resolveBelow(root: ByteString, path: ByteString): Attempt<ByteString> {
  return resolveFrom(root, root, path, 0);
}

function resolveFrom(root: ByteString, base: ByteString, path: ByteString, links: number): Attempt<ByteString> {
  let place = base;
  for (const name of joinPaths(path).split("/")) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      if (place !== root) place = dirname(place) as ByteString;
      continue;
    }
    const next = joinPaths(place, name as ByteString);
    const target = linkTarget(next);
    if (target instanceof Failure) return new StartFailure("system", `cannot look up ${quoted(next)}: ${target}`);
    if (target === undefined) {
      place = next;
      continue;
    }
    if (links === nestedLinksMax) return new StartFailure("system", `too many symbolic links at ${quoted(next)}`);
    const resolved = resolveFrom(root, target.startsWith("/") ? root : place, target, links + 1);
    if (resolved instanceof StartFailure) return resolved;
    place = resolved;
  }
  return place;
}

/** undefined for what is no symbolic link, or not there. */
function linkTarget(path: ByteString): Result<ByteString | undefined> {
  const target = readLinkAt(workingDirectory, path);
  if (!(target instanceof Failure)) return target;
  return target.errno === Errno.EINVAL || target.errno === Errno.ENOENT ? undefined : target;
}
