import { isAbsolute } from "node:path/posix";
import { Failure } from "../../ffi/errno.ts";
import { ignoreEndedChildren } from "../../ffi/process.ts";
import type { Log } from "../log/log.ts";
import type { Annotations } from "./container-type.ts";
import type { HookDocument } from "./spec-schema.ts";
import { messageOf, StartFailure } from "./start-failure.ts";

/** What a hook is told of its container. */
export interface ContainerIdentity {
  readonly id: string;
  readonly bundle: string;
  readonly annotations: Annotations;
}

/** The version of the OCI runtime specification that runsc tells its hooks. */
const specificationVersion = "1.2.1";

/**
 * Runs createContainer hooks one after the other, in this process's namespaces. Fails with the first hook that fails; there is
 * no process of the container yet, so its ID is given as −1, as runsc's gofer gives it.
 * Source: the OCI runtime specification, "POSIX-platform Hooks"; runsc/specutils/hooks.go for what is passed over.
 */
export function runCreateContainerHooks(
  hooks: readonly HookDocument[],
  container: ContainerIdentity,
  log: Log,
): StartFailure | undefined {
  const { id, bundle, annotations } = container;
  const state = JSON.stringify({
    ociVersion: specificationVersion,
    id,
    status: "creating",
    pid: -1,
    bundle,
    ...(annotations.size > 0 ? { annotations: Object.fromEntries(annotations) } : {}),
  });
  for (const hook of hooks) {
    if (isMeantForOtherRuntimes(hook)) {
      log.info(`passing over the hook ${hook.path}`);
      continue;
    }
    const failure = runHook(hook, state);
    if (failure !== undefined) return failure.while(`hook ${hook.path}`);
    log.debug(`the hook ${hook.path} has succeeded`);
  }
  // The first process of a PID namespace inherits what hooks leave running.
  const ignored = ignoreEndedChildren();
  return ignored instanceof Failure
    ? new StartFailure("system", `cannot ignore ended children: ${ignored}`)
    : undefined;
}

/** NVIDIA's hooks would change what gVisor's own support of its devices sees to. */
function isMeantForOtherRuntimes({ path, args }: HookDocument): boolean {
  if (path.endsWith("/nvidia-container-runtime-hook")) return true;
  return path.endsWith("/nvidia-cdi-hook") && (args ?? []).includes("disable-device-node-modification");
}

function runHook({ path, args, env, timeout }: HookDocument, state: string): StartFailure | undefined {
  if (!isAbsolute(path)) return new StartFailure("spec", "want an absolute path");
  const seconds = timeout ?? undefined;
  if (seconds !== undefined && seconds <= 0) return new StartFailure("spec", `want a timeout above 0, got ${seconds}`);
  const [name = path, ...more] = args ?? [];
  let run: Bun.SyncSubprocess<"pipe", "pipe">;
  try {
    run = Bun.spawnSync([path, ...more], {
      argv0: name,
      env: environmentOf(env),
      stdin: Buffer.from(state),
      stdout: "pipe",
      stderr: "pipe",
      ...(seconds === undefined ? {} : { timeout: seconds * 1000, killSignal: "SIGKILL" }),
    });
  } catch (error) {
    return new StartFailure("hook", `cannot be started: ${messageOf(error)}`);
  }
  if (run.success) return undefined;
  const ended =
    run.exitedDueToTimeout === true ? `not done after ${seconds} s` : `status ${run.signalCode ?? run.exitCode}`;
  return new StartFailure("hook", `${ended}, stdout ${quoted(run.stdout)}, stderr ${quoted(run.stderr)}`);
}

/** Output of any length of lines, in one. */
function quoted(output: Buffer): string {
  return JSON.stringify(output.toString().trimEnd());
}

/** What the spec says and nothing of the gofer's own; of a variable named twice the last value counts. */
function environmentOf(variables: readonly string[] | null | undefined): Record<string, string> {
  return Object.fromEntries(
    (variables ?? []).map((variable) => {
      const equals = variable.indexOf("=");
      return equals < 0 ? [variable, ""] : [variable.slice(0, equals), variable.slice(equals + 1)];
    }),
  );
}
