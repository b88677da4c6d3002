import type { ByteString } from "../../../ffi/byte-string.ts";
import { Errno, Failure, type Result } from "../../../ffi/errno.ts";
import type { OwnTasks, TaskStatus } from "../../../ffi/own-tasks.ts";
import { StartFailure } from "../start-failure.ts";

/** The value of the field Seccomp where there is a filter. Source: proc_pid_status(5). */
const filterMode = "2";

/** How far beyond the last known ID a thread is looked for that has started in between; in a PID namespace of our own it is the next. */
const idsToTry = 4096;

/**
 * Looks at every thread whether it has the filter. With the filter no directory may be read, so the threads have to be listed
 * before; those that have started since come right behind them, and the kernel says how many there are in all.
 */
export class FilterConfirmation {
  readonly #tasks: OwnTasks;
  readonly #names: Set<number>;

  private constructor(tasks: OwnTasks, names: readonly number[]) {
    this.#tasks = tasks;
    this.#names = new Set(names);
  }

  /** Lists the threads, right before the filter is installed. Borrows `tasks`. Errors: those of OwnTasks.read(). */
  static prepare(tasks: OwnTasks): Result<FilterConfirmation> {
    const snapshot = tasks.read();
    if (snapshot instanceof Failure) return snapshot;
    return new FilterConfirmation(
      tasks,
      snapshot.tasks.map((task) => Number(task.value("Pid"))),
    );
  }

  /** The number of threads, all of which have the filter. */
  confirm(): number | StartFailure {
    const known = this.#look(this.#names);
    if (known instanceof StartFailure) return known;
    const last = Math.max(...this.#names);
    let { confirmed } = known;
    for (let id = last + 1; confirmed < known.threads && id <= last + idsToTry; id++) {
      const next = this.#look([id]);
      if (next instanceof StartFailure) return next;
      confirmed += next.confirmed;
    }
    if (confirmed >= known.threads) return confirmed;
    return failure(`of ${known.threads} threads only ${confirmed} can be found`);
  }

  /** Looks at the threads with these IDs, as far as there are any. */
  #look(ids: Iterable<number>): { readonly confirmed: number; readonly threads: number } | StartFailure {
    let confirmed = 0;
    let threads = 0;
    for (const id of ids) {
      const status = this.#tasks.statusOf(String(id) as ByteString);
      if (status instanceof Failure) {
        if (status.errno === Errno.ENOENT || status.errno === Errno.ESRCH) continue;
        return failure(`thread ${id} cannot be looked at: ${status}`);
      }
      const refusal = refuse(status);
      if (refusal !== undefined) return refusal;
      confirmed++;
      threads = Number(status.value("Threads"));
    }
    return { confirmed, threads };
  }
}

function refuse(status: TaskStatus): StartFailure | undefined {
  const mode = status.value("Seccomp");
  return mode === filterMode ? undefined : failure(`${status} has it not: Seccomp is ${mode}, want ${filterMode}`);
}

function failure(reason: string): StartFailure {
  return new StartFailure("confinement", `cannot confirm the filter: ${reason}`);
}
