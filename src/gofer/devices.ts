import type { ByteString } from "../../ffi/byte-string.ts";
import { Failure } from "../../ffi/errno.ts";
import { joinPaths, makeDirectories, quoted } from "./paths.ts";
import { StartFailure } from "./start-failure.ts";

/** Devices that a proxy in the sandbox opens by way of the gofer. Source: SetupDev in runsc/cmd/sandboxsetup/gofer_mount.go. */
const proxiedDevices = /^\/dev\/(nvidia(ctl|-uvm|\d+)$|vfio|accel\d+$|infiniband\/uverbs)/;

const directoryMode = 0o777;

/**
 * Makes /dev below the container's root, for the connection that serves devices to proxies in the sandbox. Fails when the
 * container names a device for one of them: giving such devices to the sandbox is not supported yet.
 */
export function setUpDevices(devicePaths: readonly string[], root: ByteString): StartFailure | undefined {
  const proxied = devicePaths.find((path) => proxiedDevices.test(path));
  if (proxied !== undefined) return new StartFailure("unsupported", `the device ${proxied} is not supported yet`);
  const directory = joinPaths(root, "dev" as ByteString);
  const made = makeDirectories(directory, directoryMode);
  if (!(made instanceof Failure)) return undefined;
  return new StartFailure("system", `cannot make the directory ${quoted(directory)}: ${made}`);
}
