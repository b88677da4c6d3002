import { Errno } from "../../../ffi/errno.ts";
import type { RefusedCall, SyscallRule } from "../../../ffi/libseccomp.ts";
import type { HostSocketPolicy } from "../global-flags.ts";
import type { MountHint } from "../mount-hints.ts";
import type { MountPlan } from "../mount-plan.ts";
import type { RootfsHint } from "../rootfs-hint.ts";
import { bunRuntimeRefusals, bunRuntimeRules } from "./bun-runtime.ts";
import { fileRules } from "./files.ts";
import { hostSocketRules } from "./host-sockets.ts";
import { lisafsRules } from "./lisafs.ts";
import { cpuProfileRules } from "./profiling.ts";
import { ownProcessRules, serverRules } from "./server.ts";

/** What a gofer has to do, as far as its filter depends on that. */
export interface FilterMode {
  /** Whether the sandbox works on the files of some mount through the gofer alone. */
  readonly usesLisafs: boolean;
  readonly hostUds: HostSocketPolicy;
  /** Whether a CPU profile is made. */
  readonly profilesCpu: boolean;
  /** ID of the process itself. */
  readonly pid: number;
}

/** All that a gofer may do in this mode. Source: Rules in runsc/fsgofer/filter/config/config.go for the choice. */
export function rulesFor({ usesLisafs, hostUds, profilesCpu, pid }: FilterMode): readonly SyscallRule[] {
  return [
    ...bunRuntimeRules,
    ...serverRules,
    ...ownProcessRules(pid),
    ...fileRules,
    ...(usesLisafs ? lisafsRules : []),
    ...hostSocketRules(hostUds),
    ...(profilesCpu ? cpuProfileRules : []),
  ];
}

/**
 * Calls that fail, given what is allowed. With directfs no sandbox asks for what it does by itself; one that does all the same is
 * refused, where the stock gofer is killed by its own filter.
 */
export function refusalsFor(rules: readonly SyscallRule[]): readonly RefusedCall[] {
  const allowed = new Set(rules.map(({ call }) => call));
  const refused = new Set(lisafsRules.map(({ call }) => call).filter((call) => !allowed.has(call)));
  return [...bunRuntimeRefusals, ...[...refused].map((call) => ({ call, errno: Errno.EPERM }))];
}

/** What decides whether a gofer serves files by lisafs. */
export interface ServedMounts {
  readonly directfs: boolean;
  readonly plan: MountPlan;
  readonly hints: readonly MountHint[];
  readonly rootfsHint: RootfsHint | undefined;
}

/** False when the sandbox works on all files by itself. Source: lisafsNeededForDirectFSSuppression in runsc/cmd/gofer.go. */
export function usesLisafs({ directfs, plan, hints, rootfsHint }: ServedMounts): boolean {
  if (!directfs) return true;
  if (plan.root !== undefined && rootfsHint?.suppressesDirectfs === true) return true;
  return plan.mounts.some(
    ({ mount, service }) =>
      service !== undefined && hints.some((hint) => hint.suppressesDirectfs && hint.source === mount.source),
  );
}
