import { addressOf, allocateStaticMemory, memory } from "./arena.ts";
import { outcomeOf, type Result } from "./errno.ts";
import type { ThreadCall } from "./every-thread.ts";
import {
  _LINUX_CAPABILITY_VERSION_3,
  PR_CAP_AMBIENT,
  PR_CAP_AMBIENT_CLEAR_ALL,
  PR_CAP_AMBIENT_RAISE,
  PR_CAPBSET_DROP,
  PR_CAPBSET_READ,
  PR_SET_DUMPABLE,
  PR_SET_NO_NEW_PRIVS,
} from "./linux.ts";
import type { TaskStatus } from "./own-tasks.ts";
import { capabilityDataLayout, capabilityHeaderLayout } from "./structs.ts";
import { syscalls } from "./syscalls.ts";

/** Capabilities as the kernel shows them: bit n stands for capability n. */
export type CapabilityMask = bigint;

/** The five sets of a thread. Source: capabilities(7). */
export interface CapabilitySets {
  readonly bounding: CapabilityMask;
  readonly effective: CapabilityMask;
  readonly permitted: CapabilityMask;
  readonly inheritable: CapabilityMask;
  readonly ambient: CapabilityMask;
}

/** The field of a thread's status that shows each set. Source: proc_pid_status(5). */
export const capabilityFields: Readonly<Record<keyof CapabilitySets, string>> = {
  bounding: "CapBnd",
  effective: "CapEff",
  permitted: "CapPrm",
  inheritable: "CapInh",
  ambient: "CapAmb",
};

const maskDigits = 16;

/** A mask as a thread's status shows it. */
export function formatCapabilities(mask: CapabilityMask): string {
  return mask.toString(16).padStart(maskDigits, "0");
}

export function capabilityMask(numbers: readonly number[]): CapabilityMask {
  return numbers.reduce((mask, number) => mask | bitOf(number), 0n);
}

export function hasCapability(mask: CapabilityMask, number: number): boolean {
  return (mask & bitOf(number)) !== 0n;
}

export function capabilitySetsOf(task: TaskStatus): CapabilitySets {
  const read = (set: keyof CapabilitySets): CapabilityMask => BigInt(`0x${task.value(capabilityFields[set])}`);
  return {
    bounding: read("bounding"),
    effective: read("effective"),
    permitted: read("permitted"),
    inheritable: read("inheritable"),
    ambient: read("ambient"),
  };
}

/**
 * The calls by which a thread comes to have these sets, to be made in order: dropping from the bounding set needs CAP_SETPCAP, which
 * the next call may give up, and ambient are only those that are permitted and inheritable. Without `dropsBounding` the
 * bounding set is left as it is.
 */
export function callsForCapabilities(sets: CapabilitySets, dropsBounding: boolean): ThreadCall[] {
  const known = knownCapabilities();
  const dropped = dropsBounding ? known.filter((number) => !hasCapability(sets.bounding, number)) : [];
  const raised = known.filter((number) => hasCapability(sets.ambient, number));
  return [
    ...dropped.map((number): ThreadCall => ({ call: "prctl", args: [PR_CAPBSET_DROP, number] })),
    { call: "capset", args: [writeHeader(), writeData(sets)] },
    { call: "prctl", args: [PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL] },
    ...raised.map((number): ThreadCall => ({ call: "prctl", args: [PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number] })),
  ];
}

/** The call after which a thread, and what it executes, can gain no privileges. Source: PR_SET_NO_NEW_PRIVS(2const). */
export const noNewPrivilegesCall: ThreadCall = { call: "prctl", args: [PR_SET_NO_NEW_PRIVS, 1] };

/**
 * Lets the process leave no core dump, by whatever way the host takes those, and be traced and looked into only by who has
 * CAP_SYS_PTRACE. Source: PR_SET_DUMPABLE(2const).
 */
export function forbidDumping(): Result<void> {
  return outcomeOf(syscalls.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
}

/** Those that the running kernel has. Source: PR_CAPBSET_READ(2const). */
function knownCapabilities(): number[] {
  const numbers: number[] = [];
  while (syscalls.prctl(PR_CAPBSET_READ, numbers.length, 0, 0, 0) >= 0) numbers.push(numbers.length);
  return numbers;
}

/** The header of a call about the calling thread. */
function writeHeader(): number {
  const at = allocateStaticMemory(capabilityHeaderLayout.bytes);
  memory.view.setUint32(at + capabilityHeaderLayout.version, _LINUX_CAPABILITY_VERSION_3, true);
  return addressOf(at);
}

/** Two structures: the lower 32 bits of each set, then the upper. */
function writeData({ effective, permitted, inheritable }: CapabilitySets): number {
  const at = allocateStaticMemory(2 * capabilityDataLayout.bytes);
  for (const half of [0, 1]) {
    const place = at + half * capabilityDataLayout.bytes;
    const write = (field: number, mask: CapabilityMask): void =>
      memory.view.setUint32(place + field, Number((mask >> BigInt(32 * half)) & 0xffff_ffffn), true);
    write(capabilityDataLayout.effective, effective);
    write(capabilityDataLayout.permitted, permitted);
    write(capabilityDataLayout.inheritable, inheritable);
  }
  return addressOf(at);
}

function bitOf(number: number): bigint {
  return 1n << BigInt(number);
}
