import { describe, expect, test } from "bun:test";
import { allocateStaticMemory } from "../../../ffi/arena.ts";
import { writeAll } from "../../../ffi/descriptor-io.ts";
import { assumeOpen, takeAndClose } from "../../../ffi/host-fd.ts";
import { SOCK_SEQPACKET, SOCK_STREAM } from "../../../ffi/linux.ts";
import { createSocketPair, sendFrom } from "../../../ffi/sockets.ts";
import { waitForEnd, waitForSandboxExit } from "../../../src/gofer/sync.ts";
import { reasonOf, successOf } from "./support/reason-of.ts";

function socketPair(type: number) {
  const pair = createSocketPair(type);
  if ("errno" in pair) throw new Error(String(pair));
  return pair;
}

describe("waitForEnd()", () => {
  test("returns when the other end is closed", () => {
    const [ours, theirs] = socketPair(SOCK_STREAM);
    takeAndClose(theirs);
    expect(successOf(waitForEnd(ours, "sync"))).toBeUndefined();
  });

  test("fails when data comes in place of the end", () => {
    const [ours, theirs] = socketPair(SOCK_STREAM);
    writeAll(theirs, "x");
    expect(reasonOf(waitForEnd(ours, "sync"))).toBe("peer: sync: got data, want the end of the stream");
    takeAndClose(theirs);
  });

  test("fails for a descriptor that is not open", () => {
    expect(reasonOf(waitForEnd(assumeOpen(999_999), "sync"))).toContain("EBADF");
  });
});

describe("waitForSandboxExit()", () => {
  test("does not wait for a sandbox that sends nothing any more", () => {
    const [ours, theirs] = socketPair(SOCK_SEQPACKET);
    takeAndClose(theirs);
    expect(waitForSandboxExit(ours)).toBe(true);
  });

  test("does not wait when no pidfd comes along", () => {
    const [ours, theirs] = socketPair(SOCK_SEQPACKET);
    writeAll(theirs, "x");
    expect(waitForSandboxExit(ours)).toBe(true);
    takeAndClose(theirs);
  });

  test.each([
    ["that has ended", true],
    ["that goes on running", false],
  ])("tells of a sandbox %s: %j", (_what, ended) => {
    const [ours, theirs] = socketPair(SOCK_SEQPACKET);
    // Stands for the pidfd: it becomes readable in the end.
    const [process, end] = socketPair(SOCK_STREAM);
    const at = allocateStaticMemory(1);
    expect(sendFrom(theirs, at, 1, [process], 0)).toBe(1);
    takeAndClose(process);
    if (ended) takeAndClose(end);
    expect(waitForSandboxExit(ours)).toBe(ended);
    takeAndClose(theirs);
    if (!ended) takeAndClose(end);
  });
});
