import type { HostFd } from "../../ffi/host-fd.ts";
import { type LogFormat, logFormats } from "../log/log-format.ts";
import { booleanFlag, choiceFlag, descriptorFlag, numberFlag, textFlag } from "./flag-types.ts";
import { arityIn, type Flag, readFlags, splitFlags, usage } from "./flags.ts";
import { type Attempt, StartFailure } from "./start-failure.ts";

/** What the sandbox may do with host sockets. */
export interface HostSocketPolicy {
  readonly open: boolean;
  readonly create: boolean;
}

/** Which devices of the host a proxy in the sandbox stands before; the container's spec may ask for more. */
export interface DeviceProxies {
  readonly nvidia: boolean;
  readonly tpu: boolean;
  readonly rdma: boolean;
}

const hostSocketPolicies: ReadonlyMap<string, HostSocketPolicy> = new Map([
  ["", { open: false, create: false }],
  ["none", { open: false, create: false }],
  ["open", { open: true, create: false }],
  ["create", { open: false, create: true }],
  ["all", { open: true, create: true }],
]);

const hostFifoPolicies: ReadonlyMap<string, boolean> = new Map([
  ["", false],
  ["none", false],
  ["open", true],
]);

/** Whether the gofer opens character devices: for prefer-emulated too, where the sandbox asks for those it lacks itself. */
const characterDevicePolicies: ReadonlyMap<string, boolean> = new Map([
  ["", false],
  ["emulated-only", false],
  ["prefer-emulated", true],
  ["passthrough", true],
]);

const formats: ReadonlyMap<string, LogFormat> = new Map(logFormats.map((format) => [format, format]));

/** Those of runsc's own flags that a gofer heeds. Source: runsc/config/flags.go and runsc/cli/cli.go. */
const table = {
  "allow-rootfs-tar-annotation": booleanFlag(false),
  alsologtostderr: booleanFlag(false),
  "character-device-policy": choiceFlag(characterDevicePolicies, false),
  debug: booleanFlag(false),
  "debug-command": textFlag(""),
  "debug-log": textFlag(""),
  "debug-log-fd": descriptorFlag,
  "debug-log-format": choiceFlag(formats, "text"),
  directfs: booleanFlag(true),
  fdlimit: numberFlag<undefined>(undefined, undefined),
  "fsgofer-host-uds": booleanFlag(false),
  "host-fifo": choiceFlag(hostFifoPolicies, false),
  "host-uds": choiceFlag(hostSocketPolicies, { open: false, create: false }),
  "log-fd": descriptorFlag,
  nvproxy: booleanFlag(false),
  rdmaproxy: booleanFlag(false),
  strace: booleanFlag(false),
  tpuproxy: booleanFlag(false),
  "TESTONLY-unsafe-nonroot": booleanFlag(false),
};

/** What runsc's own flags say to a gofer. */
export interface GlobalConfig {
  readonly logFd: HostFd | undefined;
  readonly debugLogFd: HostFd | undefined;
  /** Where the log is to be opened if nobody has; empty for nowhere. */
  readonly debugLog: string;
  readonly debugLogFormat: LogFormat;
  readonly debug: boolean;
  /** Whether each message is logged. */
  readonly trace: boolean;
  readonly alsoLogToStderr: boolean;
  readonly directfs: boolean;
  readonly hostUds: HostSocketPolicy;
  readonly hostFifo: boolean;
  readonly characterDevices: boolean;
  readonly deviceProxies: DeviceProxies;
  /** Most descriptors the process may have; undefined for no limit of runsc's. */
  readonly fdLimit: number | undefined;
  readonly allowRootfsTar: boolean;
  /** Only for gVisor's own tests: the gofer keeps the host's root until it changes to the container's. */
  readonly unsafeNonroot: boolean;
  /** Flags that mean nothing to a gofer, or nothing that this one knows. */
  readonly ignored: readonly Flag[];
}

const commandWord = "gofer";

/** Where the word `gofer` stands after runsc's own flags; undefined when another word, or none, comes first. */
export function goferWordIndex(args: readonly string[]): number | undefined {
  const split = splitFlags(args, arityIn(table), commandWord);
  if (split instanceof StartFailure || split.rest[0] !== commandWord) return undefined;
  return args.length - split.rest.length;
}

/** Reads the words before the word `gofer`. */
export function readGlobalFlags(words: readonly string[]): Attempt<GlobalConfig> {
  const split = splitFlags(words, arityIn(table), commandWord);
  if (split instanceof StartFailure) return split;
  const read = readFlags(table, split.flags);
  if (read instanceof StartFailure) return read;
  const { values, unknown } = read;
  const isDebugged = selects(values["debug-command"], commandWord);
  const debug = values.debug && isDebugged;
  const uds = values["host-uds"];
  const oldUdsFlag = values["fsgofer-host-uds"];
  if (oldUdsFlag && (uds.open || uds.create)) return usage("--fsgofer-host-uds and --host-uds exclude each other");
  return {
    logFd: values["log-fd"],
    debugLogFd: values["debug-log-fd"],
    debugLog: isDebugged ? values["debug-log"] : "",
    debugLogFormat: values["debug-log-format"],
    debug,
    trace: debug && values.strace,
    alsoLogToStderr: values.alsologtostderr,
    directfs: values.directfs,
    hostUds: oldUdsFlag ? { open: true, create: false } : uds,
    hostFifo: values["host-fifo"],
    characterDevices: values["character-device-policy"],
    deviceProxies: { nvidia: values.nvproxy, tpu: values.tpuproxy, rdma: values.rdmaproxy },
    fdLimit: values.fdlimit,
    allowRootfsTar: values["allow-rootfs-tar-annotation"],
    unsafeNonroot: values["TESTONLY-unsafe-nonroot"],
    ignored: unknown,
  };
}

/** Whether a list of commands names `command`: all do when it is empty, and `!` in front turns it round. */
function selects(list: string, command: string): boolean {
  if (list === "") return true;
  const negated = list.startsWith("!");
  const named = list
    .slice(negated ? 1 : 0)
    .split(",")
    .includes(command);
  return named !== negated;
}
