import { identityOf, type SystemCall, withoutAddresses } from "./system-calls.ts";

/** Calls that do not set anything up, or cannot fail. */
const noSteps: ReadonlySet<string> = new Set([
  "close",
  "futex",
  "getegid",
  "geteuid",
  "getgid",
  "getpid",
  "gettid",
  "getuid",
  "madvise",
  "munmap",
  "newfstatat",
  "restart_syscall",
  "rt_sigprocmask",
  "rt_sigreturn",
  "sched_getaffinity",
  "sched_yield",
  "umask",
]);

/** Calls of the engine, which starts threads, and looks how much memory it has, when it likes. */
const engineCalls = [
  /^clone3\(/,
  /MAP_STACK|MAP_NORESERVE/,
  /^mprotect\(ADDRESS, 524288, /,
  /"\/proc\/self\/statm"/,
  /^read\(\d+, "(\d+ ){6}/,
];

/**
 * Whether a thread is still there, asked while it is waited for: how often depends on how fast it is, and its status is looked at in any
 * case.
 */
const threadQuestion = /^tgkill\(\d+, \d+, 0$/;

function isUnsteady({ name, args }: SystemCall): boolean {
  return [...engineCalls, threadQuestion].some((pattern) => pattern.test(`${name}(${withoutAddresses(args)}`));
}

/** From the first line of the log to the last one before the gofer waits for requests. */
export function setUpSteps(steps: readonly Step[]): readonly Step[] {
  const from = steps.findIndex(({ call }) => call.name === "write" && call.args.includes("starts for container"));
  const to = steps.findLastIndex(({ call }) => call.name === "write" && call.args.includes("] serving /"));
  return steps.slice(from + 1, to);
}

/** Calls that look the same in several places, and are told apart by what comes before them. */
const ambiguousCalls: ReadonlySet<string> = new Set([
  "chdir",
  "getdents64",
  "mkdirat",
  "mmap",
  "mount",
  "mprotect",
  "openat",
  "read",
  "readlinkat",
  "seccomp",
  "statfs",
]);

/** A call, and its place: what it does, and after what. Calls in the same place are the same step, made again. */
export interface Step {
  readonly call: SystemCall;
  readonly place: string;
}

export function stepsOf(calls: readonly SystemCall[]): readonly Step[] {
  let before = "";
  return calls
    .filter((call) => !noSteps.has(call.name) && !isUnsteady(call))
    .map((call) => {
      const identity = identityOf(call);
      const place = ambiguousCalls.has(call.name) ? `${before} ${identity}` : identity;
      before = identity;
      return { call, place };
    });
}

/** The calls to fail, by their places. What one clean start makes and another does not is the engine's. */
export function stepsOfAll(cleanStarts: readonly (readonly Step[])[]): ReadonlyMap<string, SystemCall> {
  const lists = cleanStarts.map(stepsToFail);
  const places = lists.map((steps) => new Set(steps.map(({ place }) => place)));
  const common = lists.flat().filter(({ place }) => places.every((known) => known.has(place)));
  return new Map(common.map(({ place, call }) => [place, call]));
}

/** All but the loading of libseccomp. */
function stepsToFail(steps: readonly Step[]): readonly Step[] {
  const loading = steps.findIndex(({ call }) => isLoaderCall(call));
  const loaded = steps.findIndex(({ call }) => call.name === "seccomp");
  return [...steps.slice(0, loading), ...steps.slice(loaded)].filter(({ call }) => !isLogLine(call));
}

/** Where libseccomp is loaded: twice, if it fails, so that one call that fails does no harm. */
export function isLoaderCall({ name, args }: SystemCall): boolean {
  return name === "openat" && /^AT_FDCWD, "\/proc\/self\/fd\/\d+", O_RDONLY\|O_CLOEXEC$/.test(args);
}

export function isLogLine({ name, args }: SystemCall): boolean {
  return name === "write" && /^\d+, "[DIWE]\d{4} /.test(args);
}
