import { describe, expect, test } from "bun:test";
import { readGoferArguments } from "../../../src/gofer/gofer-flags.ts";
import { reasonOf, successOf } from "./support/reason-of.ts";

const flags = [
  ["--bundle", "bundle"],
  ["--gofer-mount-confs=lisafs:self,lisafs:none"],
  ["--spec-fd=3"],
  ["--mounts-fd=4"],
  ["--rpc-fd=5"],
  ["--pin-ring-fd=6"],
  ["--sync-sentry-exit-fd=7"],
  ["--io-fds=8"],
  ["--io-fds=9"],
  ["--sync-userns-fd=10"],
  ["--uid=1000"],
  ["--gid=100"],
  ["--sync-chroot-fd=11"],
];

/** The flags without those that begin like one of `left out`. */
function without(...leftOut: string[]): string[] {
  return flags.flat().filter((word) => !leftOut.some((prefix) => word.startsWith(prefix)));
}

const minimum = ["--bundle=b", "--spec-fd=3", "--mounts-fd=4", "--io-fds=8"];

describe("readGoferArguments()", () => {
  test("reads what runsc writes", () => {
    const { mountConfs, ioFds, specFd, mountsFd, rpcFd, ...args } = successOf(
      readGoferArguments([...flags.flat(), "id"]),
    );
    expect(mountConfs).toEqual([
      { lower: "lisafs", upper: "self" },
      { lower: "lisafs", upper: "none" },
    ]);
    expect([...ioFds, specFd, mountsFd, rpcFd].map(Number)).toEqual([8, 9, 3, 4, 5]);
    expect(args as Record<string, unknown>).toEqual({
      containerId: "id",
      bundle: "bundle",
      devIoFd: undefined,
      syncSentryExitFd: 7,
      syncUsernsFd: 10,
      syncChrootFd: 11,
      pinRingFd: 6,
      procMountSyncFd: undefined,
      profileFds: new Map(),
      uid: 1000,
      gid: 100,
      appliesCapabilities: true,
      setsUpRoot: true,
      ignored: [],
    });
  });

  test("reads what runsc's gofer writes when it executes itself anew", () => {
    const words = ["--apply-caps=false", "--setup-root=false", "--proc-mount-sync-fd=12", "--sync-userns-fd=-1"];
    expect(successOf(readGoferArguments([...minimum, ...words, "id"]))).toMatchObject({
      appliesCapabilities: false,
      setsUpRoot: false,
      procMountSyncFd: 12,
      syncUsernsFd: undefined,
    });
    const bare = successOf(readGoferArguments([...minimum, "--apply-caps", "--setup-root", "id"]));
    expect([bare.appliesCapabilities, bare.setsUpRoot]).toEqual([true, true]);
  });

  test("reads where profiles are to go", () => {
    const { profileFds } = successOf(readGoferArguments([...minimum, "--profile-cpu-fd=9", "--trace-fd=10", "id"]));
    expect([...profileFds].map(([name, fd]) => [name, Number(fd)])).toEqual([
      ["profile-cpu-fd", 9],
      ["trace-fd", 10],
    ]);
  });

  test("reads them in any order", () => {
    const inOrder = successOf(readGoferArguments([...flags.flat(), "id"]));
    const reordered = [...flags.slice(7, 9), ...flags.slice(9).reverse(), ...flags.slice(0, 7).reverse()];
    expect(successOf(readGoferArguments([...reordered.flat(), "id"]))).toEqual(inOrder);
  });

  test("passes over flags of other releases that have their value in the same word", () => {
    const { ignored } = successOf(readGoferArguments(["--new-fd=99", ...minimum, "id"]));
    expect(ignored).toEqual([{ name: "new-fd", value: "99", assigned: true }]);
  });

  test.each<[why: string, words: string[], reason: string]>([
    ["an unknown flag whose value may stand apart", ["--new", ...minimum, "id"], "unknown flag: --new"],
    ["no container ID", minimum, "want one container ID, got 0"],
    ["two container IDs", [...minimum, "id", "id2"], "want one container ID, got 2"],
    ["no bundle", [...without("--bundle", "bundle"), "id"], "--bundle is missing"],
    ["no spec", [...without("--spec-fd"), "id"], "--spec-fd is missing"],
    ["no pipe for the mounts", [...without("--mounts-fd"), "id"], "--mounts-fd is missing"],
    ["a descriptor used twice", [...minimum, "--rpc-fd=8", "id"], "descriptor 8 is named twice"],
    ["a connection used twice", [...minimum, "--io-fds=8", "id"], "descriptor 8 is named twice"],
    ["a descriptor that is no number", [...minimum, "--rpc-fd=x", "id"], "want a decimal number"],
    ["a mount configuration that is none", [...minimum, "--gofer-mount-confs=lisafs", "id"], "want LOWER:UPPER"],
  ])("refuses %s", (_why, words, reason) => {
    const refusal = reasonOf(readGoferArguments(words));
    expect(refusal).toStartWith("usage: ");
    expect(refusal).toContain(reason);
  });
});
