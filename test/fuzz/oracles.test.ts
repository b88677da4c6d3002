import { describe, expect, test } from "bun:test";
import { closeSync, openSync, utimesSync, writeFileSync } from "node:fs";
import type { ByteString } from "../../ffi/byte-string.ts";
import { assumeOpen } from "../../ffi/host-fd.ts";
import { messages } from "../../src/wire/messages.ts";
import { processTest } from "../process/support/process-test.ts";
import { TemporaryDirectory } from "../unit/support/temporary-directory.ts";
import { AttackedGofer } from "./support/attacked-gofer.ts";
import { bounds } from "./support/bounds.ts";
import type { Descriptor } from "./support/gofer-state.ts";
import { ProcessView } from "./support/gofer-state.ts";
import { descriptorsLeft, descriptorsOutside, tooLongWait, tooMuchMemory } from "./support/oracles.ts";
import { ReplyJudge } from "./support/reply-judge.ts";
import { differences, ServedTree, secret } from "./support/served-tree.ts";
import { snapshotOf } from "./support/snapshot.ts";

/*
 * The canary: oracles that see nothing would let every attack pass. Each is shown a violation here, and must see it.
 */

const initial: readonly Descriptor[] = [
  { number: 3, target: "/log", mountPoint: undefined },
  { number: 4, target: "socket:[1]", mountPoint: undefined },
];

function judgeErrno(errno: number): readonly string[] {
  const judge = new ReplyJudge({ major: 0, minor: 1 });
  judge.judge({ messageId: messages.error.id, payload: new Uint8Array(Uint32Array.of(errno).buffer), fds: [] });
  return judge.violations;
}

describe("an oracle notices", () => {
  test("a file open outside the tree", () => {
    const outside = { number: 9, target: "/canary/file", mountPoint: "/" };
    const inside = { number: 9, target: "/served/0/file", mountPoint: "/served/0" };
    expect(descriptorsOutside(initial, [...initial, inside])).toEqual([]);
    expect(descriptorsOutside(initial, [...initial, outside])).toHaveLength(1);
    // A number that was known stands for something else now.
    expect(descriptorsOutside(initial, [{ ...outside, number: 3 }])).toHaveLength(1);
  });

  test("a descriptor that is left open", () => {
    const left = { number: 9, target: "/served/0/file", mountPoint: "/served/0" };
    const socket = { number: 10, target: "socket:[2]", mountPoint: undefined };
    expect(descriptorsLeft(initial, initial)).toEqual([]);
    expect(descriptorsLeft(initial, [...initial, left, socket])).toHaveLength(2);
  });

  test("an open file of a real process", () => {
    const view = new ProcessView(process.pid);
    const before = view.descriptors();
    const fd = openSync("/dev/null", "r");
    expect(descriptorsOutside(before, view.descriptors())).not.toEqual([]);
    expect(descriptorsLeft(before, view.descriptors())).not.toEqual([]);
    closeSync(fd);
    expect(view.isAlive).toBe(true);
    expect(view.residentMemory().peak).toBeGreaterThanOrEqual(view.residentMemory().now);
  });

  test("whatever changes in a directory", () => {
    using directory = new TemporaryDirectory();
    writeFileSync(directory.join("file"), "content");
    const before = snapshotOf(directory.path);
    expect(differences(before, snapshotOf(directory.path))).toEqual([]);
    writeFileSync(directory.join("file"), "CONTENT");
    const changed = snapshotOf(directory.path);
    expect(differences(before, changed)).toHaveLength(2);
    utimesSync(directory.join("file"), 1, 1);
    expect(differences(changed, snapshotOf(directory.path))).toHaveLength(2);
    writeFileSync(directory.join("new"), "");
    expect(differences(changed, snapshotOf(directory.path)).length).toBeGreaterThan(2);
  });

  test("too much memory and too long a wait", () => {
    expect(tooMuchMemory({ now: 0, peak: bounds.residentBytesMax })).toEqual([]);
    expect(tooMuchMemory({ now: 0, peak: bounds.residentBytesMax + 1 })).toHaveLength(1);
    expect(tooLongWait(bounds.bystanderWaitMillisMax)).toEqual([]);
    expect(tooLongWait(bounds.bystanderWaitMillisMax + 1)).toHaveLength(1);
  });

  test("replies that tell of something outside, or of a crash", () => {
    const judge = new ReplyJudge({ major: 0, minor: 1 });
    const elsewhere = new Uint8Array(144);
    elsewhere[140] = 2;
    judge.judge({ messageId: messages.fStat.id, payload: elsewhere, fds: [] });
    judge.judge({ messageId: messages.accept.id, payload: Buffer.from(`\x0d\0${secret}`), fds: [] });
    judge.judge({ messageId: messages.mount.id, payload: new Uint8Array(3), fds: [] });
    judge.judge({ messageId: 999, payload: new Uint8Array(), fds: [] });
    judge.judgeDescriptor(assumeOpen(openSync("/dev/null", "r")));
    expect(judge.violations).toHaveLength(5);
    expect(judgeErrno(2)).toEqual([]);
    expect(judgeErrno(121)).toHaveLength(1);
  });
});

processTest("an attack on a gofer that serves too much is noticed", async ({ container }) => {
  using tree = new ServedTree(container);
  // Its root is all of what should be out of reach.
  await using gofer = AttackedGofer.start(container, tree, { connections: 1, source: container.path("rootfs") });
  const connection = gofer.connectOne();
  expect(gofer.violations().length).toBeGreaterThan(0);
  const before = gofer.violations().length;
  const creation = { uid: 0, gid: 0, mode: 0o755, name: "made" as ByteString };
  const { inodes } = connection.expect("walk", { dirFd: connection.root, path: ["canary" as ByteString] });
  connection.expect("mkdirAt", { dirFd: inodes[0]?.controlFd ?? connection.root, ...creation });
  expect(gofer.violations().length).toBeGreaterThan(before);
  expect(gofer.violations().some((violation) => violation.includes("canary/made"))).toBe(true);
  expect(() => gofer.check()).toThrow();
});

processTest("the end of a gofer is noticed", async ({ container }) => {
  using tree = new ServedTree(container);
  await using gofer = AttackedGofer.start(container, tree, { connections: 1 });
  expect(gofer.violations()).toEqual([]);
  process.kill(gofer.pid, "SIGKILL");
  while (gofer.isAlive) await Bun.sleep(1);
  expect(gofer.violations()[0]).toContain("has died");
});
