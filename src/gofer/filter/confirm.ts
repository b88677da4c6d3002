import type { ByteString } from "../../../ffi/byte-string.ts";
import { Errno, Failure, type Result } from "../../../ffi/errno.ts";
import type { OwnTasks, TaskStatus } from "../../../ffi/own-tasks.ts";
import { StartFailure } from "../start-failure.ts";

/** The value of the field Seccomp where there is a filter. Source: proc_pid_status(5). */
const filterMode = "2";

/** How far beyond the last known ID a thread is looked for that has started in between; in a PID namespace of our own it is the next. */
const idsToTry = 4096;

const patienceMillisDefault = 5000;

/** The threads of this process; those of OwnTasks, or made up. */
type Tasks = Pick<OwnTasks, "read" | "statusOf">;

/**
 * Looks at every thread whether it has the filter. With the filter no directory may be read, so the threads have to be listed
 * before; those that have started since come right behind them, and the kernel says how many there are in all. While threads come
 * and go, the number may be out of date before all have been looked at: then they are looked at again.
 */
export class FilterConfirmation {
  readonly #tasks: Tasks;
  readonly #patienceMillis: number;
  /** Of the threads that were there when they were last looked at. */
  readonly #ids: Set<number>;
  #lastId: number;

  private constructor(tasks: Tasks, ids: readonly number[], patienceMillis: number) {
    this.#tasks = tasks;
    this.#patienceMillis = patienceMillis;
    this.#ids = new Set(ids);
    this.#lastId = Math.max(...ids);
  }

  /** Lists the threads, right before the filter is installed. Borrows `tasks`. Errors: those of OwnTasks.read(). */
  static prepare(tasks: Tasks, patienceMillis = patienceMillisDefault): Result<FilterConfirmation> {
    const snapshot = tasks.read();
    if (snapshot instanceof Failure) return snapshot;
    const ids = snapshot.tasks.map((task) => Number(task.value("Pid")));
    return new FilterConfirmation(tasks, ids, patienceMillis);
  }

  /** The number of threads, all of which have the filter. */
  confirm(): number | StartFailure {
    const deadline = performance.now() + this.#patienceMillis;
    for (;;) {
      const count = this.#lookAtAll();
      if (count instanceof StartFailure) return count;
      const { confirmed, threads } = count;
      if (confirmed >= threads) return confirmed;
      if (performance.now() > deadline) return failure(`of ${threads} threads only ${confirmed} can be found`);
    }
  }

  /** Looks at the threads that are known, and at as many of those that have started since as are missing. */
  #lookAtAll(): { readonly confirmed: number; readonly threads: number } | StartFailure {
    let confirmed = 0;
    let threads = 0;
    for (const id of this.#ids) {
      const status = this.#look(id);
      if (status instanceof StartFailure) return status;
      if (status === undefined) continue;
      confirmed++;
      threads = Number(status.value("Threads"));
    }
    const end = this.#lastId + idsToTry;
    for (let id = this.#lastId + 1; confirmed < threads && id <= end; id++) {
      const status = this.#look(id);
      if (status instanceof StartFailure) return status;
      if (status === undefined) continue;
      confirmed++;
      this.#ids.add(id);
      this.#lastId = id;
    }
    return { confirmed, threads };
  }

  /** The thread with this ID, which has the filter; undefined when there is none. */
  #look(id: number): TaskStatus | undefined | StartFailure {
    const status = this.#tasks.statusOf(String(id) as ByteString);
    if (!(status instanceof Failure)) return refuse(status) ?? status;
    if (status.errno !== Errno.ENOENT && status.errno !== Errno.ESRCH) {
      return failure(`thread ${id} cannot be looked at: ${status}`);
    }
    this.#ids.delete(id);
    return undefined;
  }
}

function refuse(status: TaskStatus): StartFailure | undefined {
  const mode = status.value("Seccomp");
  return mode === filterMode ? undefined : failure(`${status} has it not: Seccomp is ${mode}, want ${filterMode}`);
}

function failure(reason: string): StartFailure {
  return new StartFailure("confinement", `cannot confirm the filter: ${reason}`);
}
