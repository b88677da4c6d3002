import { FFIType, linkSymbols, type Pointer } from "bun:ffi";
import { addressOf, allocateStaticMemory, memory } from "./arena.ts";
import { CodePage } from "./code-page.ts";
import { doorbellWord } from "./doorbell.ts";
import { Failure } from "./errno.ts";
import { helperStackLayout, helperThreadStub, jobLayout, jobState } from "./helper-thread-stub.ts";
import { fdResultOf, type HostFd } from "./host-fd.ts";
import {
  CLONE_FILES,
  CLONE_SIGHAND,
  CLONE_SYSVSEM,
  CLONE_THREAD,
  CLONE_VM,
  EFD_CLOEXEC,
  EFD_NONBLOCK,
  SIG_SETMASK,
  SIGSYS,
} from "./linux.ts";
import { currentArchitecture, type SyscallName, syscallNumber } from "./machine.ts";
import { type Int64, syscalls } from "./syscalls.ts";
import { wakeFutex } from "./waiting.ts";

/** An argument of a system call: an integer, a descriptor, or the address of memory that stays in place until the job is done. */
export type JobArgument = Int64;

const argumentsMax = 6;
const argumentBytes = 8;
const wordValues = 2 ** 32;
const kernelSignalSetBytes = 8;
const threadFlags = CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;

const architecture = currentArchitecture();

/**
 * A thread that makes one system call at a time for us, so that one that takes long delays nobody. It is no more than a loop of
 * machine code: no JavaScript, no stack, no memory but its job. When a job is done it rings: it counts up the doorbell's word,
 * wakes who sleeps on that, and makes `helperBell` readable. It shares descriptors as they are when the call is made, starts with
 * the root and the working directory of the thread that starts it, which are its own from then on, and ends with the process.
 */
export class HelperThread {
  readonly #job: number;

  private constructor(job: number) {
    this.#job = job;
  }

  /** A new thread; undefined when the kernel gives none. */
  static start(): HelperThread | undefined {
    const places = unusedPlaces ?? allocateThreadPlaces();
    unusedPlaces = undefined;
    if (startThread(places)) return new HelperThread(places.job);
    unusedPlaces = places;
    return undefined;
  }

  /** Hands the thread a call. It must not be at work. */
  post(call: SyscallName, args: readonly JobArgument[]): void {
    if (args.length > argumentsMax) throw new RangeError(`${call}: ${args.length} arguments`);
    writeInt64(this.#job + jobLayout.call, syscallNumber(call, architecture));
    for (let index = 0; index < argumentsMax; index++) {
      writeInt64(this.#job + jobLayout.arguments + argumentBytes * index, args[index] ?? 0);
    }
    Atomics.store(memory.i32, this.#stateIndex, jobState.posted);
    wakeFutex(this.#job + jobLayout.state, 1);
  }

  /** What the call returned, −errno on failure; undefined while it has not. The thread is free afterwards. */
  takeResult(): number | undefined {
    if (Atomics.load(memory.i32, this.#stateIndex) !== jobState.done) return undefined;
    Atomics.store(memory.i32, this.#stateIndex, jobState.idle);
    const { view } = memory;
    const at = this.#job + jobLayout.result;
    return view.getInt32(at + 4, true) * wordValues + view.getUint32(at, true);
  }

  get #stateIndex(): number {
    return (this.#job + jobLayout.state) >> 2;
  }
}

/** In halves where that will do: a bigint is garbage, and threads that watch channels are given jobs all the time. */
function writeInt64(at: number, value: Int64): void {
  const { view } = memory;
  if (typeof value === "bigint") {
    view.setBigInt64(at, value, true);
    return;
  }
  view.setInt32(at, value | 0, true);
  view.setInt32(at + 4, Math.floor(value / wordValues) | 0, true);
}

let bell: HostFd | undefined;

/** Readable from when a helper thread has finished a job until clearHelperBell(). The same for all threads; never closed. */
export function helperBell(): HostFd {
  if (bell !== undefined) return bell;
  const created = fdResultOf(syscalls.eventfd2(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (created instanceof Failure) throw new Error(`eventfd2: ${created}`);
  bell = created;
  return created;
}

const bellCount = allocateStaticMemory(8);

/** Takes the ringing away; what has finished is to be looked for after this, not before. */
export function clearHelperBell(): void {
  syscalls.read(helperBell(), addressOf(bellCount), 8);
}

/** Arena offsets of what a thread needs for as long as it lives. */
interface ThreadPlaces {
  readonly job: number;
  readonly stack: number;
}

/** Those of a thread that could not be started. */
let unusedPlaces: ThreadPlaces | undefined;

function allocateThreadPlaces(): ThreadPlaces {
  const job = allocateStaticMemory(jobLayout.bytes);
  const stack = allocateStaticMemory(helperStackLayout.bytes);
  const { view } = memory;
  view.setUint32(job + jobLayout.one, 1, true);
  view.setBigUint64(stack + helperStackLayout.job, BigInt(addressOf(job)), true);
  view.setBigUint64(stack + helperStackLayout.bellWord, BigInt(addressOf(doorbellWord)), true);
  view.setBigUint64(stack + helperStackLayout.bellFd, BigInt(helperBell()), true);
  return { job, stack };
}

/** Makes what threads need beyond system calls: their code, and the bell. To be called before new code is forbidden. */
export function prepareHelperThreads(): void {
  clone ??= linkClone();
  helperBell();
}

let clone: ((flags: number, stack: number) => number) | undefined;

function startThread({ stack }: ThreadPlaces): boolean {
  clone ??= linkClone();
  return withSignalsBlocked(clone, threadFlags, addressOf(stack)) > 0;
}

const blockedSignals = allocateStaticMemory(kernelSignalSetBytes);
const signalsBefore = allocateStaticMemory(kernelSignalSetBytes);

/**
 * A thread starts with the signals blocked that its creator has blocked: all of them, since it could run no handler. But for SIGSYS:
 * the handler of the filter's debug mode ends the process, so what its frame overwrites below the stack does not matter.
 */
function withSignalsBlocked(start: (flags: number, stack: number) => number, flags: number, stack: number): number {
  memory.view.setBigInt64(blockedSignals, ~(1n << BigInt(SIGSYS - 1)), true);
  syscalls.rt_sigprocmask(SIG_SETMASK, addressOf(blockedSignals), addressOf(signalsBefore), kernelSignalSetBytes);
  try {
    return start(flags, stack);
  } finally {
    syscalls.rt_sigprocmask(SIG_SETMASK, addressOf(signalsBefore), 0, kernelSignalSetBytes);
  }
}

function linkClone(): (flags: number, stack: number) => number {
  const codePage = new CodePage();
  const stub = codePage.emit(helperThreadStub(architecture)) as Pointer;
  codePage.seal();
  const { i32, ptr, u64_fast } = FFIType;
  const args = [u64_fast, ptr, ptr, ptr, ptr];
  // SAFETY: the code page is never unmapped, and the stub takes clone's five arguments.
  const linked = linkSymbols({ clone: { args, returns: i32, ptr: stub } }).symbols.clone as unknown as (
    flags: number,
    stack: number,
    parentTid: number,
    childTid: number,
    threadLocalStorage: number,
  ) => number;
  return (flags, stack) => linked(flags, stack, 0, 0, 0);
}
