import { installDoorbell } from "../../../ffi/doorbell.ts";
import { Failure } from "../../../ffi/errno.ts";
import { reportForbiddenCalls } from "../../../ffi/forbidden-call.ts";
import { prepareHelperThreads } from "../../../ffi/helper-thread.ts";
import type { HostFd } from "../../../ffi/host-fd.ts";
import { type Filter, Libseccomp, SeccompFailure, type SyscallRule } from "../../../ffi/libseccomp.ts";
import type { OwnTasks } from "../../../ffi/own-tasks.ts";
import type { Log } from "../../log/log.ts";
import { exitCodes } from "../exit-codes.ts";
import type { HostSocketPolicy } from "../global-flags.ts";
import { type Attempt, StartFailure } from "../start-failure.ts";
import { FilterConfirmation } from "./confirm.ts";
import { withoutExecutableMemory } from "./executable-memory.ts";
import { type FilterMode, refusalsFor, rulesFor } from "./rules.ts";

/** Set, it makes the gofer say which call the filter stopped, in place of its being killed without a word. */
const debugVariable = "BUN_GOFER_SECCOMP_DEBUG";

const standardError = 2;

/** What the filter is to allow. */
export interface FilterRequest {
  readonly usesLisafs: boolean;
  readonly hostUds: HostSocketPolicy;
  readonly profilesCpu: boolean;
  /** Rules of the extensions. */
  readonly extraRules: readonly SyscallRule[];
  /** runsc's log, where the debug mode writes to as well as to standard error. Borrowed for good. */
  readonly logFd: HostFd | undefined;
}

/** The gofer's seccomp filter, ready to be installed. */
export class GoferFilter {
  readonly #library: Libseccomp;
  readonly #filter: Filter;

  private constructor(library: Libseccomp, filter: Filter) {
    this.#library = library;
    this.#filter = filter;
  }

  /**
   * Loads what the filter takes, while the host's root and /proc are there, and makes all code that is made at run time: later none
   * can be made.
   */
  static async prepare(request: FilterRequest, log: Log): Promise<Attempt<GoferFilter>> {
    const { usesLisafs, hostUds, profilesCpu, extraRules, logFd } = request;
    const mode: FilterMode = { usesLisafs, hostUds, profilesCpu, pid: process.pid };
    const rules = withoutExecutableMemory([...rulesFor(mode), ...extraRules]);
    if (rules instanceof StartFailure) return rules;
    const library = await Libseccomp.load();
    if (library instanceof SeccompFailure) return confinement(`cannot load libseccomp: ${library.reason}`);
    prepareHelperThreads();
    installDoorbell();
    warn(request, log);
    const refused = refusalsFor(rules);
    if (process.env[debugVariable] !== "1") return new GoferFilter(library, { rules, refused, forbidden: "kill" });
    log.warn(`${debugVariable}=1: a forbidden system call is named before it ends the gofer; not for production`);
    const descriptors = logFd === undefined ? [standardError] : [standardError, logFd];
    reportForbiddenCalls((number) => library.nameOf(number), { descriptors, status: exitCodes.forbiddenCall });
    return new GoferFilter(library, { rules, refused, forbidden: "trap" });
  }

  /** Installs the filter on all threads, and proves of each that it has it. There is no way back. */
  install(tasks: OwnTasks, log: Log): StartFailure | undefined {
    const started = performance.now();
    const confirmation = FilterConfirmation.prepare(tasks);
    if (confirmation instanceof Failure) return confinement(`cannot look at the threads: ${confirmation}`);
    using library = this.#library;
    const failure = library.install(this.#filter);
    if (failure !== undefined) return confinement(`cannot install the seccomp filter: ${failure.reason}`);
    const threads = confirmation.confirm();
    if (threads instanceof StartFailure) return threads;
    const milliseconds = Number((performance.now() - started).toFixed(2));
    log.info("seccomp filter on all threads", { rules: this.#filter.rules.length, threads, milliseconds });
    return undefined;
  }
}

/** Source: Warnings in runsc/fsgofer/filter/config/config.go. */
function warn({ hostUds, profilesCpu, extraRules }: FilterRequest, log: Log): void {
  if (profilesCpu) log.warn("the filter allows more: a CPU profile is made");
  if (hostUds.open || hostUds.create) log.warn("the filter allows more: host sockets may be used");
  if (extraRules.length > 0) log.warn("the filter allows more: extensions ask for it", { rules: extraRules });
}

function confinement(reason: string): StartFailure {
  return new StartFailure("confinement", reason);
}
