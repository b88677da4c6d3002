import { describe, expect, test } from "bun:test";
import type { ByteString } from "../../../ffi/byte-string.ts";
import { OwnTasks, TaskStatus } from "../../../ffi/own-tasks.ts";
import { threadId } from "../../../ffi/process.ts";
import { must } from "../support/results.ts";

describe("TaskStatus", () => {
  const status = new TaskStatus(
    "4308" as ByteString,
    "Name:\tBun Pool: 0\nUid:\t0\t1\t2\t3\nGroups:\t4 20 \nNSpid:\t4308\t17\nSigBlk:\t0000000100000002\n",
  );

  test("has the values of the fields, with single spaces in them", () => {
    expect(["Name", "Uid", "Groups", "Seccomp"].map((field) => status.value(field))).toEqual([
      "Bun Pool: 0",
      "0 1 2 3",
      "4 20",
      "",
    ]);
  });

  test("has the thread's ID in the innermost PID namespace, which is that of the process", () => {
    expect(status.tid).toBe(17);
    expect(String(status)).toBe("thread 17 (Bun Pool: 0)");
  });

  test("tells which signals are blocked", () => {
    expect([1, 2, 3, 32, 33, 34].filter((signal) => status.blocksSignal(signal))).toEqual([2, 33]);
  });
});

describe("OwnTasks", () => {
  test("sees every thread of the process, that which looks among them", () => {
    using tasks = must(OwnTasks.open());
    const own = must(tasks.readOwn());
    expect(own.tid).toBe(threadId());
    const snapshot = must(tasks.read());
    expect(new Set(snapshot.tasks.map(({ tid }) => tid)).size).toBe(snapshot.tasks.length);
    expect(snapshot.tasks.length).toBe(Number(own.value("Threads")));
    expect(snapshot.ended).toEqual([]);
  });
});
