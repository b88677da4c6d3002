import { addressOf, allocateStaticMemory } from "../../../../ffi/arena.ts";
import type { ByteString } from "../../../../ffi/byte-string.ts";
import { noNewPrivilegesCall } from "../../../../ffi/capabilities.ts";
import { callOnEveryThread, type EveryThreadOptions, type ThreadCall } from "../../../../ffi/every-thread.ts";
import { HelperThread } from "../../../../ffi/helper-thread.ts";
import { MSG_DONTWAIT, PR_SET_NO_NEW_PRIVS, SOCK_STREAM } from "../../../../ffi/linux.ts";
import { OwnTasks, type TaskStatus } from "../../../../ffi/own-tasks.ts";
import { createSocketPair, sendFrom } from "../../../../ffi/sockets.ts";
import { must } from "../../support/results.ts";

/*
 * Makes calls on every thread of this process, as the scenario in the first argument says, and prints what came of it. The calling
 * of threads works once in a process, and cannot be undone.
 */

export type Scenario = "busy" | "blocked" | "refused" | "ineffective" | "stuck" | "fleeting" | "twice";

export interface Report {
  /** What callOnEveryThread() gave, failures and threads as text. */
  readonly outcome: Readonly<Record<string, unknown>>;
  /** NoNewPrivs of each thread, afterwards. */
  readonly noNewPrivileges: readonly string[];
  /** As seen by a thread that was started afterwards. */
  readonly inNewThread?: string;
}

const busyThreads = 3;
const shortMillis = 300;

const tasks = must(OwnTasks.open());

function run(calls: readonly ThreadCall[], isDone = hasNoNewPrivileges, options: EveryThreadOptions = {}) {
  return callOnEveryThread(calls, tasks, isDone, options);
}

function hasNoNewPrivileges(task: TaskStatus): boolean {
  return task.value("NoNewPrivs") === "1";
}

async function startWorker(body: string): Promise<string> {
  const worker = new Worker(URL.createObjectURL(new Blob([body], { type: "text/javascript" })));
  worker.unref();
  return await new Promise((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<string>) => resolve(data);
  });
}

const ownStatus = 'require("fs").readFileSync("/proc/thread-self/status", "utf8").match(/NoNewPrivs:\\s*(\\d)/)[1]';

async function runScenario(scenario: Scenario): Promise<Record<string, unknown>> {
  switch (scenario) {
    // Threads that compute, and one that starts others all the time.
    case "busy": {
      const compute = 'postMessage("ready"); for (let all = []; ; ) if (all.push({ all: [] }) > 1e5) all = [];';
      const start =
        'postMessage("ready"); const start = () => { new Worker("data:text/javascript,postMessage(1);close()").onmessage = start; }; start();';
      await Promise.all([startWorker(start), ...Array.from({ length: busyThreads }, () => startWorker(compute))]);
      return { ...run([noNewPrivilegesCall]) };
    }
    // A thread that blocks every signal.
    case "blocked":
      if (HelperThread.start() === undefined) throw new Error("no helper thread");
      return { ...run([noNewPrivilegesCall], hasNoNewPrivileges, { patienceMillis: shortMillis }) };
    // A call that the kernel refuses, behind one that it does not.
    case "refused":
      return {
        ...run([
          { call: "gettid", args: [] },
          { call: "prctl", args: [PR_SET_NO_NEW_PRIVS, 2] },
        ]),
      };
    // A call that does not do what is wanted.
    case "ineffective":
      return { ...run([{ call: "gettid", args: [] }]) };
    // A call from which one thread alone returns.
    case "stuck": {
      const [ours, theirs] = must(createSocketPair(SOCK_STREAM));
      const byte = allocateStaticMemory(1);
      must(sendFrom(theirs, byte, 1, [], MSG_DONTWAIT));
      const read: ThreadCall = { call: "read", args: [ours, addressOf(byte), 1] };
      return { ...run([read, noNewPrivilegesCall], hasNoNewPrivileges, { patienceMillis: shortMillis }) };
    }
    // A thread that has always just ended when it is looked at.
    case "fleeting": {
      const incomplete = { read: () => ({ tasks: [], ended: ["1" as ByteString] }) };
      return { ...callOnEveryThread([], incomplete, hasNoNewPrivileges, { patienceMillis: shortMillis }) };
    }
    case "twice":
      run([noNewPrivilegesCall]);
      try {
        return { ...run([noNewPrivilegesCall]) };
      } catch (error) {
        return { thrown: error };
      }
  }
}

const scenario = JSON.parse(process.argv[2] ?? "") as Scenario;
const outcome = await runScenario(scenario);
const inNewThread = scenario === "busy" ? await startWorker(`postMessage(${ownStatus})`) : undefined;
const report: Report = {
  outcome: Object.fromEntries(
    Object.entries(outcome).map(([name, value]) => [name, typeof value === "object" ? String(value) : value]),
  ),
  noNewPrivileges: must(tasks.read()).tasks.map((task) => task.value("NoNewPrivs")),
  ...(inNewThread === undefined ? {} : { inNewThread }),
};
console.log(JSON.stringify(report));
process.exit(0);
