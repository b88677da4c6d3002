import { normalize } from "node:path/posix";
import { type ByteString, byteStringOf } from "../../ffi/byte-string.ts";
import { Failure } from "../../ffi/errno.ts";
import { MS_BIND } from "../../ffi/linux.ts";
import { joinPaths, makeDirectories, quoted } from "./paths.ts";
import { makeTargetAndMount } from "./safe-mount.ts";
import { StartFailure } from "./start-failure.ts";

const directoryMode = 0o777;

/**
 * Makes /dev below the container's root, for the connection that serves devices to proxies in the sandbox, and binds the host's
 * `devices` to their places in it. `proc` is where the proc file system is mounted.
 * Source: SetupDev in runsc/cmd/sandboxsetup/gofer_mount.go.
 */
export function setUpDevices(devices: readonly string[], root: ByteString, proc: ByteString): StartFailure | undefined {
  const directory = joinPaths(root, "dev" as ByteString);
  const made = makeDirectories(directory, directoryMode);
  if (made instanceof Failure) {
    return new StartFailure("system", `cannot make the directory ${quoted(directory)}: ${made}`);
  }
  for (const device of devices) {
    const failure = bindDevice(device, root, proc);
    if (failure !== undefined) return failure.while(`device ${device}`);
  }
  return undefined;
}

function bindDevice(device: string, root: ByteString, proc: ByteString): StartFailure | undefined {
  if (normalize(device) !== device) return new StartFailure("spec", "want a path without dots and double slashes");
  const source = byteStringOf(device);
  return makeTargetAndMount({ source, target: joinPaths(root, source), type: "", flags: MS_BIND }, proc);
}
