import type { ByteString } from "../../ffi/byte-string.ts";
import { Failure } from "../../ffi/errno.ts";
import { isOpen } from "../../ffi/host-fd.ts";
import { processIds, setFileModeMask } from "../../ffi/process.ts";
import type { Extension } from "../extension/extension.ts";
import { openProcSelfFd } from "../host/connection.ts";
import { silentLog } from "../log/create-log.ts";
import type { Log } from "../log/log.ts";
import { version } from "../version.ts";
import { withDebugLog } from "./debug-log-file.ts";
import { type ExitReason, exitCodes } from "./exit-codes.ts";
import { endOnBugs, type FatalChannels, findDescriptor, reportBug, reportFatal } from "./fatal.ts";
import { GoferFilter } from "./filter/filter.ts";
import { usesLisafs } from "./filter/rules.ts";
import { type GlobalConfig, readGlobalFlags } from "./global-flags.ts";
import { type GoferArguments, readGoferArguments } from "./gofer-flags.ts";
import { type Instruments, openInstruments } from "./instruments.ts";
import { lockDown } from "./lock-down.ts";
import { openLog } from "./logging.ts";
import { readMountHints } from "./mount-hints.ts";
import { type MountPlan, planMounts } from "./mount-plan.ts";
import { resolveMounts } from "./mounts.ts";
import { MountsPipe } from "./mounts-pipe.ts";
import { MountOpener } from "./open-mount.ts";
import { proxiedDevices } from "./proxied-devices.ts";
import { ownDescriptorsIn, rootSetUpBefore, setUpRoot } from "./root.ts";
import { readRootfsHint } from "./rootfs-hint.ts";
import { serve } from "./serve.ts";
import { Signals } from "./signals.ts";
import type { Spec } from "./spec.ts";
import { readSpecFile } from "./spec-file.ts";
import { type Attempt, StartFailure } from "./start-failure.ts";
import { becomeUser, waitForEnd, waitForSandboxExit } from "./sync.ts";

/** What one start works with. */
interface Start {
  readonly config: GlobalConfig;
  readonly args: GoferArguments;
  readonly log: Log;
  readonly mountsPipe: MountsPipe;
  readonly signals: Signals;
  readonly extensions: readonly Extension[];
}

/** What was read and checked before anything was changed. */
interface Prepared {
  readonly spec: Spec;
  readonly plan: MountPlan;
  /** Whether the sandbox works on the files of some mount through this process alone. */
  readonly usesLisafs: boolean;
}

/**
 * The gofer command: sets up what runsc asks for, serves it until the sandbox has gone, and gives the exit status. `globalWords`
 * are the words before the word `gofer`, `words` those after it.
 */
export async function goferCommand(
  globalWords: string[],
  words: string[],
  extensions: readonly Extension[],
): Promise<number> {
  const logFd = findDescriptor(globalWords, "log-fd");
  const mountsPipe = new MountsPipe(findDescriptor(words, "mounts-fd"));
  let channels: FatalChannels = { logFd, log: silentLog, mountsPipe };
  try {
    const config = withDebugLog(readGlobalFlags(globalWords), words.at(-1) ?? "");
    const log = await openLog(config, findDescriptor(globalWords, "debug-log-fd"));
    channels = { logFd, log, mountsPipe };
    endOnBugs(channels);
    const end = config instanceof StartFailure ? config : await run(words, { config, log, mountsPipe, extensions });
    if (end instanceof StartFailure) reportFatal(end.reason, channels);
    const reason = end instanceof StartFailure ? end.exit : end;
    log.info(`exit: ${reason}`, { status: exitCodes[reason] });
    return exitCodes[reason];
  } catch (error) {
    return reportBug(error, channels);
  }
}

async function run(words: string[], known: Omit<Start, "args" | "signals">): Promise<Attempt<ExitReason>> {
  const { config, log } = known;
  const signals = new Signals(config);
  const args = readGoferArguments(words);
  if (args instanceof StartFailure) return args;
  const start: Start = { ...known, args, signals };
  logStart(start);
  const prepared = prepare(start);
  if (prepared instanceof StartFailure) return prepared;
  const synchronized = waitForRunsc(args);
  if (synchronized !== undefined) return synchronized;
  const instruments = openInstruments(args.containerId, args.profileFds, log);
  if (instruments instanceof StartFailure) return instruments;
  const end = await setUpAndServe(start, prepared, instruments);
  if (end instanceof StartFailure) return end;
  instruments.runtime.finish();
  if (end !== "success") return end;
  if (args.syncSentryExitFd !== undefined && !waitForSandboxExit(args.syncSentryExitFd)) {
    log.warn("the sandbox still runs after its connections have ended; not waiting any longer");
  }
  return end;
}

function logStart({ config, args, log }: Start): void {
  const { directfs, ignored } = config;
  log.info(`bun-gofer ${version} starts for container ${args.containerId}`, { directfs, ...processIds() });
  for (const { name, value } of ignored) log.debug(`flag of no meaning to a gofer: --${name}`, { value });
  for (const { name, value } of args.ignored) log.warn(`unknown flag ignored: --${name}`, { value });
}

/** Everything that can be refused without having touched anything. */
function prepare({ config, args, log }: Start): Attempt<Prepared> {
  const { specFd, mountsFd, bundle, ioFds, devIoFd, mountConfs, profileFds } = args;
  const descriptors = [specFd, mountsFd, ...ioFds, devIoFd, ...profileFds.values()];
  const closed = descriptors.find((fd) => fd !== undefined && !isOpen(fd));
  if (closed !== undefined) return new StartFailure("usage", `descriptor ${closed} is not open`);
  const spec = readSpecFile(specFd, { bundle, allowRootfsTar: config.allowRootfsTar });
  if (spec instanceof StartFailure) return spec;
  const hints = readMountHints(spec.annotations, log);
  if (hints instanceof StartFailure) return hints;
  const rootfsHint = readRootfsHint(spec.annotations);
  if (rootfsHint instanceof StartFailure) return rootfsHint;
  for (const hint of hints) log.info(`mount annotations for ${hint.source}`, { ...hint });
  if (rootfsHint !== undefined) log.info("annotations for the root", { ...rootfsHint });
  const plan = planMounts(spec, mountConfs, ioFds);
  if (plan instanceof StartFailure) return plan;
  return { spec, plan, usesLisafs: usesLisafs({ directfs: config.directfs, plan, hints, rootfsHint }) };
}

/** Waits until runsc has done what it does from outside with this process and its namespaces. */
function waitForRunsc({ syncChrootFd, syncUsernsFd, uid, gid }: GoferArguments): StartFailure | undefined {
  if (syncChrootFd !== undefined) {
    const failure = waitForEnd(syncChrootFd, "--sync-chroot-fd");
    if (failure !== undefined) return failure;
  }
  if (syncUsernsFd === undefined) return undefined;
  return waitForEnd(syncUsernsFd, "--sync-userns-fd") ?? becomeUser(uid, gid);
}

/** As setUpRoot(). Nothing is asked of runsc afterwards. */
function makeRoot({ config, args, log }: Start, { spec, plan }: Prepared): Attempt<ByteString> {
  const { containerId: id, bundle, devIoFd, rpcFd } = args;
  using opener = new MountOpener(rpcFd);
  if (!args.setsUpRoot) return rootSetUpBefore(spec, config.unsafeNonroot);
  return setUpRoot({
    spec,
    plan,
    container: { id, bundle, annotations: spec.annotations },
    devices: devIoFd === undefined ? undefined : proxiedDevices(spec, config.deviceProxies),
    staysInHostRoot: config.unsafeNonroot,
    opener,
    log,
  });
}

async function setUpAndServe(start: Start, prepared: Prepared, instruments: Instruments): Promise<Attempt<ExitReason>> {
  const { config, args, log, mountsPipe, extensions, signals } = start;
  const { spec, plan } = prepared;
  const { devIoFd } = args;
  const staysInHostRoot = config.unsafeNonroot;
  const filter = await prepareFilter(start, prepared, instruments);
  if (filter instanceof StartFailure) return filter;
  const root = makeRoot(start, prepared);
  if (root instanceof StartFailure) return root.while("root file system");
  const mounts = resolveMounts(plan.mounts, root);
  if (mounts instanceof StartFailure) return mounts;
  const sent = mountsPipe.send(mounts.map(({ mount }) => mount.document));
  if (sent !== undefined) return sent;
  // Modes come from the sandbox, which has applied its own mask.
  setFileModeMask(0);
  const procSelfFd = openProcSelfFd(ownDescriptorsIn(staysInHostRoot));
  if (procSelfFd instanceof Failure) return new StartFailure("system", `cannot open /proc/self/fd: ${procSelfFd}`);
  const ids = processIds();
  const lockedDown = lockDown({
    config,
    args,
    filter,
    root,
    procSelfFd,
    profileFds: instruments.runtime.descriptors,
    log,
  });
  if (lockedDown !== undefined) return lockedDown;
  return await serve({
    spec,
    root: plan.root,
    mounts,
    devIoFd,
    extensions,
    procSelfFd,
    ids,
    config,
    instruments,
    signals,
    log,
  });
}

/** To be made before the host's root is left and code can no longer be made. */
function prepareFilter(
  { config, log, extensions }: Start,
  { usesLisafs }: Prepared,
  { runtime: { profilesCpu } }: Instruments,
): Promise<Attempt<GoferFilter>> {
  const { hostUds, logFd } = config;
  const extraRules = extensions.flatMap((extension) => extension.seccompRules?.() ?? []);
  return GoferFilter.prepare({ usesLisafs, hostUds, profilesCpu, extraRules, logFd }, log);
}
