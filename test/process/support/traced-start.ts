import { openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { assumeOpen, OwnedFd, takeAndClose } from "../../../ffi/host-fd.ts";
import type { TestClient } from "../../unit/support/client.ts";
import type { Container } from "./container.ts";
import { type GoferEnd, type GoferOptions, GoferProcess } from "./gofer-process.ts";
import { readSystemCalls, type SystemCall } from "./system-calls.ts";
import { until } from "./until.ts";

/** Waits to be traced, and becomes the gofer: what it does is seen from its first instruction on. */
const waitingShell = ["bash", "-c", 'read -r _ <"$0"; exec "$@"'];

/** A system call that is to fail, by its name and its occurrence in the main thread. */
interface Fault {
  readonly name: string;
  readonly occurrence: number;
  readonly errno: string;
  /** Whether all later ones of the name fail as well. */
  readonly forGood: boolean;
}

/** What a start came to. */
export interface TracedStart extends GoferEnd {
  /** The main thread's. */
  readonly calls: readonly SystemCall[];
  readonly mounts: string;
  /** The connections on which Mount was answered. */
  readonly answered: readonly number[];
}

export function canTrace(): boolean {
  if (Bun.which("strace") === null) return false;
  return Bun.spawnSync(["strace", "-qq", "-o", "/dev/null", "true"], { stdio: ["ignore", "ignore", "ignore"] }).success;
}

/** Starts a gofer whose main thread is traced, and in which `fault` happens, asks every connection for a mount, and ends it. */
export async function traceStart(container: Container, options: GoferOptions, fault?: Fault): Promise<TracedStart> {
  for (const name of ["log", "debug-log", "stderr", "trace", "gate"]) rmSync(container.path(name), { force: true });
  const gate = container.path("gate");
  const trace = container.path("trace");
  Bun.spawnSync(["mkfifo", gate]);
  using gateEnd = new OwnedFd(assumeOpen(openSync(gate, "r+")));
  await using gofer = new GoferProcess(container, { ...options, wrapper: [...waitingShell, gate] });
  const pid = await until("the shell waits", () => pidOfWaiting(gofer));
  await using tracer = startTracer(["-o", trace, ...injectionOf(fault), "-p", String(pid)]);
  await until("the shell is traced", () => (tracerOf(pid) === 0 ? undefined : true));
  for (const client of gofer.clients) client.sendOnly(client.encode("mount", undefined));
  writeSync(gateEnd.borrow(), "\n");
  gofer.synchronize();
  const mounts = gofer.readMounts();
  const answered = [...gofer.clients.keys()].filter((index) => isAnswered(gofer.clients[index]));
  const end = await gofer.end();
  await tracer.exited;
  return { ...end, mounts, answered, calls: readSystemCalls(trace) };
}

/** Traces one thread, which exists, from now on until it ends; `injection` as strace(1) takes it. */
export async function traceThread(tid: number, injection: string): Promise<AsyncDisposable> {
  const tracer = startTracer(["-o", "/dev/null", `--inject=${injection}`, "-p", String(tid)]);
  await until("the thread is traced", () => (tracerOf(tid) === 0 ? undefined : true));
  return tracer;
}

/** Traces until the process has ended. */
function startTracer(args: readonly string[]): Bun.Subprocess & AsyncDisposable {
  const stringBytesMax = "500";
  return Bun.spawn(["strace", "-qq", "-s", stringBytesMax, ...args], { stdio: ["ignore", "ignore", "ignore"] });
}

/** The call is replaced by getpid(2), which every filter allows: a filter kills for the number that strace would take. */
function injectionOf(fault: Fault | undefined): string[] {
  if (fault === undefined) return [];
  const { name, occurrence, errno, forGood } = fault;
  return [`--inject=${name}:error=${errno}:syscall=getpid:when=${occurrence}${forGood ? "+" : ""}`];
}

/** The gofer's process, once it is the shell and sleeps. */
function pidOfWaiting({ pid }: GoferProcess): number | undefined {
  if (pid === undefined) return undefined;
  const isShell = readFileSync(`/proc/${pid}/cmdline`, "latin1").startsWith("runsc-gofer\0-c\0");
  const isAsleep = /^State:\s*S/m.test(readFileSync(`/proc/${pid}/status`, "latin1"));
  return isShell && isAsleep ? pid : undefined;
}

function tracerOf(pid: number): number {
  return Number(/^TracerPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]);
}

function isAnswered(client: TestClient | undefined): boolean {
  try {
    for (const fd of client?.receive().fds ?? []) takeAndClose(fd);
    return true;
  } catch {
    // The connection has ended.
    return false;
  }
}
