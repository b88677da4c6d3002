import { describe, expect, test } from "bun:test";
import { assumeOpen } from "../../../ffi/host-fd.ts";
import { goferWordIndex, readGlobalFlags } from "../../../src/gofer/global-flags.ts";
import { reasonOf, successOf } from "./support/reason-of.ts";

describe("goferWordIndex()", () => {
  test.each<[words: string[], index: number | undefined]>([
    [["gofer"], 0],
    [["--root=/r", "--log-fd=3", "gofer", "--bundle", "b"], 2],
    [["--debug", "--directfs=false", "gofer"], 2],
    [["--log-fd", "3", "gofer"], 2],
    [["--debug-command", "gofer", "gofer"], 2],
    [["--new-boolean", "gofer"], 1],
    [["--root", "/r", "gofer"], 2],
    [["adopt", "gofer"], undefined],
    [["--root=/r"], undefined],
    [["---", "gofer"], undefined],
    [[], undefined],
  ])("finds the word in %j at %j", (words, index) => {
    expect(goferWordIndex(words)).toBe(index);
  });
});

describe("readGlobalFlags()", () => {
  test("has runsc's defaults", () => {
    expect(successOf(readGlobalFlags([]))).toEqual({
      logFd: undefined,
      debugLogFd: undefined,
      debugLog: "",
      debugLogFormat: "text",
      debug: false,
      trace: false,
      alsoLogToStderr: false,
      directfs: true,
      hostUds: { open: false, create: false },
      hostFifo: false,
      characterDevices: false,
      deviceProxies: { nvidia: false, tpu: false, rdma: false },
      fdLimit: undefined,
      allowRootfsTar: false,
      unsafeNonroot: false,
      ignored: [],
    });
  });

  test("keeps flags that mean nothing to a gofer, in whatever order they come", () => {
    const config = successOf(readGlobalFlags(["--root=/r", "--directfs=false", "--flag-of-the-future", "--log-fd=3"]));
    expect(config.ignored.map(({ name }) => name)).toEqual(["root", "flag-of-the-future"]);
    expect(config.directfs).toBe(false);
    expect(config.logFd).toBe(assumeOpen(3));
  });

  test.each([
    ["none", { open: false, create: false }],
    ["open", { open: true, create: false }],
    ["create", { open: false, create: true }],
    ["all", { open: true, create: true }],
  ])("--host-uds=%s is %j", (value, policy) => {
    expect(successOf(readGlobalFlags([`--host-uds=${value}`])).hostUds).toEqual(policy);
  });

  test("heeds the deprecated --fsgofer-host-uds, but not beside its successor", () => {
    expect(successOf(readGlobalFlags(["--fsgofer-host-uds"])).hostUds).toEqual({ open: true, create: false });
    expect(reasonOf(readGlobalFlags(["--fsgofer-host-uds", "--host-uds=create"]))).toContain("exclude each other");
  });

  test.each<[policy: string, opens: boolean]>([
    ["emulated-only", false],
    ["prefer-emulated", true],
    ["passthrough", true],
  ])("--character-device-policy=%s lets the gofer open devices: %j", (policy, opens) => {
    expect(successOf(readGlobalFlags([`--character-device-policy=${policy}`])).characterDevices).toBe(opens);
  });

  test.each<[command: string, debug: boolean]>([
    ["", true],
    ["gofer", true],
    ["boot,gofer", true],
    ["boot", false],
    ["!boot", true],
    ["!boot,gofer", false],
  ])("--debug with --debug-command=%j debugs the gofer: %j", (command, debug) => {
    expect(successOf(readGlobalFlags(["--debug", `--debug-command=${command}`])).debug).toBe(debug);
  });

  test.each<[words: string[], trace: boolean]>([
    [["--debug", "--strace"], true],
    [["--debug"], false],
    [["--strace"], false],
    [["--debug", "--strace", "--debug-command=boot"], false],
  ])("%j has each message logged: %j", (words, trace) => {
    expect(successOf(readGlobalFlags(words)).trace).toBe(trace);
  });

  test.each([
    ["--host-uds=some", 'invalid value "some" for flag --host-uds: want none, open, create, all'],
    ["--host-fifo=create", 'invalid value "create" for flag --host-fifo: want none, open'],
    ["--debug-log-format=xml", 'invalid value "xml" for flag --debug-log-format: want text, json, json-k8s'],
    ["--directfs=maybe", 'invalid value "maybe" for flag --directfs: want true or false'],
    ["--fdlimit=many", 'invalid value "many" for flag --fdlimit: want a decimal number from -1 on'],
  ])("refuses %s", (word, reason) => {
    expect(reasonOf(readGlobalFlags([word]))).toBe(`usage: ${reason}`);
  });
});
