import type { Claim, Extension, MountRequest } from "../extension/extension.ts";
import type { Log } from "../log/log.ts";
import { type Attempt, messageOf, StartFailure } from "./start-failure.ts";

const devicesPath = "/dev";

/**
 * What the first extension that takes the mount serves it with; undefined when it stays with the stock backend, as
 * whatever is at /dev does.
 */
export async function claimOf(
  request: MountRequest,
  extensions: readonly Extension[],
  log: Log,
): Promise<Attempt<Claim | undefined>> {
  const { mountPath } = request;
  if (mountPath === devicesPath) return undefined;
  for (const extension of extensions) {
    try {
      const claim = await extension.tryHandleMount(request);
      if (claim === undefined) continue;
      log.info(`extension ${extension.name} claims ${mountPath}`);
      return claim;
    } catch (error) {
      return new StartFailure("extension", `extension ${extension.name} for ${mountPath}: ${messageOf(error)}`);
    }
  }
  return undefined;
}
