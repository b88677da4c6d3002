import { addressOf, allocateStaticMemory, memory } from "./arena.ts";
import type { ByteString } from "./byte-string.ts";
import { CodePage } from "./code-page.ts";
import { Failure, outcomeOf, type Result } from "./errno.ts";
import {
  emptyHandlerStub,
  endOfThreadCalls,
  everyThreadHandlerStub,
  threadAnswersLayout,
  threadAnswersMax,
  threadCallLayout,
} from "./every-thread-stub.ts";
import { currentArchitecture, type SyscallName, syscallNumber } from "./machine.ts";
import type { OwnTasks, TaskStatus } from "./own-tasks.ts";
import { emitSignalRestorer, setSignalHandler } from "./signal-action.ts";
import { syscalls } from "./syscalls.ts";
import { waitForFutex } from "./waiting.ts";

/** One system call for every thread to make. Addresses in it must stay mapped for good. */
export interface ThreadCall {
  readonly call: SyscallName;
  /** Integers, addresses among them; five at most, 0 for those left out. */
  readonly args: readonly number[];
}

/** Why not every thread is as it should be. */
export type ThreadProblem =
  /** The table's call at `index` failed on the thread. */
  | { readonly kind: "failed call"; readonly task: TaskStatus; readonly index: number; readonly failure: Failure }
  /** All calls succeeded, and the thread is not as it should be. */
  | { readonly kind: "no effect"; readonly task: TaskStatus }
  /** The thread cannot be told: it blocks the signal, and goes on blocking it. */
  | { readonly kind: "signal blocked"; readonly task: TaskStatus }
  /** The thread was told and does not answer. */
  | { readonly kind: "no answer"; readonly task: TaskStatus }
  /** Threads come and go so fast that they were never all seen to be as they should. */
  | { readonly kind: "never settled" }
  /** Nothing can be told of the threads. */
  | { readonly kind: "unreadable"; readonly failure: Failure };

/** What it took to bring every thread there. */
export interface ThreadRun {
  /** How many threads made the calls; those that started afterwards had nothing left to do. */
  readonly threads: number;
  readonly passes: number;
}

/** How callOnEveryThread() is to go about it. */
export interface EveryThreadOptions {
  /** When to give up. Default 5,000. */
  readonly patienceMillis?: number;
}

/**
 * The signal of glibc's own setuid(3) and the like (SIGSETXID), because programs that block all signals cannot block this one:
 * glibc leaves it out of their masks. It is ours from the first use on, so nobody may call those functions of glibc any more.
 */
const everyThreadSignal = 33;

const patienceMillisDefault = 5000;
const recheckMillis = 1;
/** How often in a row all threads must be seen to be as they should. */
const cleanPassesWanted = 2;

let isUsed = false;

/**
 * Makes every thread of the process, the calling one included, make the system calls in `calls`, until `isDone` says of each that
 * it is as it should be. Blocks the calling thread meanwhile. May be used once in the life of a process.
 *
 * The kernel keeps credentials for each thread, and new threads take those of the thread that starts them. So the threads are
 * looked at over and over: whoever is not done is sent the signal, once; when all who were sent it have answered, they are
 * looked at again. A pass in which all are done, and of which none ended that was not seen to be done before, proves that none is
 * left: during a pass no thread changes, so one that was missed would have been started by one that is not done. To be sure it
 * takes two such passes.
 */
export function callOnEveryThread(
  calls: readonly ThreadCall[],
  tasks: Pick<OwnTasks, "read">,
  isDone: (task: TaskStatus) => boolean,
  options: EveryThreadOptions = {},
): ThreadRun | ThreadProblem {
  if (isUsed) throw new Error("the threads of this process have been called before");
  isUsed = true;
  const { patienceMillis = patienceMillisDefault } = options;
  const deadline = performance.now() + patienceMillis;
  const { handler, emptyHandler, restorer } = emitHandlers(writeCalls(calls));
  setSignalHandler(everyThreadSignal, handler, restorer);
  try {
    return runPasses(new Roll(tasks, deadline), isDone);
  } finally {
    // A signal may still be on its way to a thread that did not answer: it must never meet glibc's handler.
    setSignalHandler(everyThreadSignal, emptyHandler, restorer);
  }
}

function runPasses(roll: Roll, isDone: (task: TaskStatus) => boolean): ThreadRun | ThreadProblem {
  const seenDone = new Set<ByteString>();
  let passes = 0;
  for (let cleanPasses = 0; cleanPasses < cleanPassesWanted; ) {
    const snapshot = roll.tasks.read();
    if (snapshot instanceof Failure) return { kind: "unreadable", failure: snapshot };
    passes++;
    const due: TaskStatus[] = [];
    for (const task of snapshot.tasks) {
      if (isDone(task)) seenDone.add(task.directory);
      else due.push(task);
    }
    if (due.length === 0 && snapshot.ended.every((directory) => seenDone.has(directory))) {
      cleanPasses++;
      continue;
    }
    cleanPasses = 0;
    const problem = roll.problemWith(due) ?? roll.call(due);
    if (problem !== undefined) return problem;
  }
  return { threads: roll.answered, passes };
}

/** Who was sent the signal, and who has answered. */
class Roll {
  readonly tasks: Pick<OwnTasks, "read">;
  readonly #deadline: number;
  readonly #process = syscalls.getpid();
  /** Those who were sent the signal, by ID. Each is sent it once. */
  readonly #called = new Map<number, TaskStatus>();

  constructor(tasks: Pick<OwnTasks, "read">, deadline: number) {
    this.tasks = tasks;
    this.#deadline = deadline;
  }

  get answered(): number {
    return this.#called
      .values()
      .filter(({ tid }) => answerOf(tid) !== undefined)
      .toArray().length;
  }

  /** What stands in the way of calling those who are due, if that will not pass. */
  problemWith(due: readonly TaskStatus[]): ThreadProblem | undefined {
    const unmoved = due.find(({ tid }) => this.#called.has(tid));
    if (unmoved !== undefined) return { kind: "no effect", task: unmoved };
    if (this.#called.size + due.length > threadAnswersMax) return { kind: "never settled" };
    if (!this.#isTimeUp) return undefined;
    const blocking = due.find((task) => task.blocksSignal(everyThreadSignal));
    return blocking === undefined ? { kind: "never settled" } : { kind: "signal blocked", task: blocking };
  }

  /** Sends the signal to those who are due and do not block it, and waits until each has answered or ended. */
  call(due: readonly TaskStatus[]): ThreadProblem | undefined {
    // A thread that is just starting, or is about to start another, blocks all signals for a moment.
    const callable = due.filter((task) => !task.blocksSignal(everyThreadSignal));
    if (callable.length === 0) waitForFutex(doneAt, doneCount(), recheckMillis);
    for (const task of callable) {
      if (this.#send(task, everyThreadSignal)) this.#called.set(task.tid, task);
    }
    for (;;) {
      const done = doneCount();
      const waitedFor = callable.find((task) => answerOf(task.tid) === undefined && this.#send(task, 0));
      if (waitedFor === undefined) return firstFailure(callable);
      if (this.#isTimeUp) return { kind: "no answer", task: waitedFor };
      waitForFutex(doneAt, done, recheckMillis);
    }
  }

  get #isTimeUp(): boolean {
    return performance.now() > this.#deadline;
  }

  /** False when the thread has ended. Signal 0 only asks. Source: tgkill(2). */
  #send({ tid }: TaskStatus, signal: number): boolean {
    return syscalls.tgkill(this.#process, tid, signal) >= 0;
  }
}

interface Answer {
  readonly outcome: Result<void>;
  readonly call: number;
}

const { begun, done, answers, answerBytes } = threadAnswersLayout;
const answersPlace = allocateStaticMemory(threadAnswersLayout.bytes);
const doneAt = answersPlace + done;

function doneCount(): number {
  return Atomics.load(memory.i32, doneAt >> 2);
}

function answerOf(tid: number): Answer | undefined {
  const count = Math.min(Atomics.load(memory.i32, (answersPlace + begun) >> 2), threadAnswersMax);
  for (let index = 0; index < count; index++) {
    const at = answersPlace + answers + index * answerBytes;
    if (Atomics.load(memory.i32, (at + threadAnswersLayout.tid) >> 2) !== tid) continue;
    const outcome = outcomeOf(memory.view.getInt32(at + threadAnswersLayout.outcome, true));
    return { outcome, call: memory.view.getInt32(at + threadAnswersLayout.call, true) };
  }
  return undefined;
}

function firstFailure(called: readonly TaskStatus[]): ThreadProblem | undefined {
  for (const task of called) {
    const { outcome, call: index = 0 } = answerOf(task.tid) ?? {};
    if (outcome instanceof Failure) return { kind: "failed call", task, index, failure: outcome };
  }
  return undefined;
}

/** Puts the calls into memory and gives their address. */
function writeCalls(calls: readonly ThreadCall[]): number {
  const architecture = currentArchitecture();
  const { number, arguments: argumentsAt, argumentsMax, bytes } = threadCallLayout;
  const place = allocateStaticMemory((calls.length + 1) * bytes);
  const { view } = memory;
  for (const [index, { call, args }] of calls.entries()) {
    if (args.length > argumentsMax) throw new RangeError(`${call}: ${args.length} arguments`);
    const at = place + index * bytes;
    view.setBigInt64(at + number, BigInt(syscallNumber(call, architecture)), true);
    for (const [position, value] of args.entries()) {
      view.setBigInt64(at + argumentsAt + position * 8, BigInt(value), true);
    }
  }
  view.setBigInt64(place + calls.length * bytes + number, BigInt(endOfThreadCalls), true);
  return addressOf(place);
}

interface Handlers {
  readonly handler: number;
  readonly emptyHandler: number;
  readonly restorer: number;
}

function emitHandlers(calls: number): Handlers {
  const architecture = currentArchitecture();
  const codePage = new CodePage();
  const handler = codePage.emit(everyThreadHandlerStub(calls, addressOf(answersPlace), architecture));
  const emptyHandler = codePage.emit(emptyHandlerStub(architecture));
  const restorer = emitSignalRestorer(codePage);
  codePage.seal();
  return { handler, emptyHandler, restorer };
}
