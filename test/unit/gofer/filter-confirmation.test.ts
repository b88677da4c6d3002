import { describe, expect, test } from "bun:test";
import type { ByteString } from "../../../ffi/byte-string.ts";
import { Errno, fail } from "../../../ffi/errno.ts";
import { TaskStatus } from "../../../ffi/own-tasks.ts";
import { FilterConfirmation } from "../../../src/gofer/filter/confirm.ts";
import { must } from "../support/results.ts";
import { reasonOf } from "./support/reason-of.ts";

const patienceMillis = 50;

/** Threads that a process might have: for each ID whether it has the filter. */
class MadeUpTasks {
  readonly threads: Map<number, boolean>;
  /** Called after each look at a thread that is there. */
  onLook: () => void = () => {};

  constructor(...ids: readonly number[]) {
    this.threads = new Map(ids.map((id) => [id, true]));
  }

  read() {
    return { tasks: [...this.threads.keys()].map((id) => this.#status(id)), ended: [] };
  }

  statusOf(name: ByteString) {
    const id = Number(name);
    if (!this.threads.has(id)) return fail(Errno.ENOENT);
    const status = this.#status(id);
    this.onLook();
    return status;
  }

  #status(id: number): TaskStatus {
    const seccomp = this.threads.get(id) === true ? 2 : 0;
    const text = `Name:\tbun\nPid:\t${id}\nNSpid:\t${id}\nThreads:\t${this.threads.size}\nSeccomp:\t${seccomp}\n`;
    return new TaskStatus(String(id) as ByteString, text);
  }
}

describe("the confirmation of the filter", () => {
  test("counts the threads that have it", () => {
    const confirmation = must(FilterConfirmation.prepare(new MadeUpTasks(1, 2, 7)));
    expect(confirmation.confirm()).toBe(3);
  });

  test("names a thread that has it not", () => {
    const tasks = new MadeUpTasks(1, 2);
    const confirmation = must(FilterConfirmation.prepare(tasks));
    tasks.threads.set(2, false);
    expect(reasonOf(confirmation.confirm())).toBe(
      "confinement: cannot confirm the filter: thread 2 (bun) has it not: Seccomp is 0, want 2",
    );
  });

  test("finds threads that have started since, and names one that has it not", () => {
    const tasks = new MadeUpTasks(1, 2);
    const confirmation = must(FilterConfirmation.prepare(tasks));
    tasks.threads.set(5, true).delete(2);
    tasks.threads.set(1000, true);
    expect(confirmation.confirm()).toBe(3);
    const again = must(FilterConfirmation.prepare(tasks));
    tasks.threads.set(1001, false);
    expect(reasonOf(again.confirm())).toContain("thread 1001 (bun) has it not");
  });

  test("looks again when there were more threads than can be found, in case they have ended since", () => {
    const tasks = new MadeUpTasks(1, 2);
    const confirmation = must(FilterConfirmation.prepare(tasks));
    const outOfReach = 100_000;
    tasks.threads.set(outOfReach, true);
    let looks = 0;
    tasks.onLook = () => {
      if (++looks === 4) tasks.threads.delete(outOfReach);
    };
    expect(confirmation.confirm()).toBe(2);
  });

  test("gives up when the threads cannot all be found", () => {
    const tasks = new MadeUpTasks(1, 2);
    const confirmation = must(FilterConfirmation.prepare(tasks, patienceMillis));
    tasks.threads.set(100_000, true);
    expect(reasonOf(confirmation.confirm())).toBe(
      "confinement: cannot confirm the filter: of 3 threads only 2 can be found",
    );
  });
});
