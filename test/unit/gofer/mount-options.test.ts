import { describe, expect, test } from "bun:test";
import {
  MS_BIND,
  MS_NODEV,
  MS_NOEXEC,
  MS_NOSUID,
  MS_PRIVATE,
  MS_RDONLY,
  MS_REC,
  MS_SLAVE,
  MS_UNBINDABLE,
} from "../../../ffi/linux.ts";
import {
  checkMountOptions,
  isReadonly,
  mountFlagsOf,
  propagationFlagsOf,
  rootPropagationFlags,
  withoutRefusedOptions,
} from "../../../src/gofer/mount-options.ts";
import { reasonOf, successOf } from "./support/reason-of.ts";

describe("mountFlagsOf()", () => {
  test.each<[options: string[], flags: number]>([
    [[], 0],
    [["defaults", "size=10m", "rslave"], 0],
    [["rbind", "ro"], MS_BIND | MS_REC | MS_RDONLY],
    [["nosuid", "nodev", "noexec"], MS_NOSUID | MS_NODEV | MS_NOEXEC],
    [["ro", "rw"], 0],
    [["rw", "ro"], MS_RDONLY],
    [["noexec", "exec", "nodev"], MS_NODEV],
  ])("%j gives %d: the later option counts", (options, flags) => {
    expect(mountFlagsOf(options)).toBe(flags);
  });
});

describe("propagationFlagsOf()", () => {
  test.each<[options: string[], flags: number]>([
    [["ro", "rbind"], 0],
    [["rprivate"], MS_PRIVATE | MS_REC],
    [["slave"], MS_SLAVE],
    [["runbindable"], MS_UNBINDABLE | MS_REC],
    [["shared"], 0],
  ])("%j gives %d", (options, flags) => {
    expect(propagationFlagsOf(options)).toBe(flags);
  });
});

describe("checkMountOptions()", () => {
  test.each(["shared", "rshared"])("refuses %s, which would reach the host", (option) => {
    expect(reasonOf(checkMountOptions(["ro", option]))).toBe(`spec: mount option "${option}" is not supported`);
    expect(withoutRefusedOptions(["ro", option, "nodev"])).toEqual(["ro", "nodev"]);
  });

  test("takes every other option, known or not", () => {
    expect(checkMountOptions(["ro", "rprivate", "uid=1"])).toBeUndefined();
  });
});

test("isReadonly() looks for the option and for nothing else", () => {
  expect([isReadonly(["ro"]), isReadonly(["rw"]), isReadonly(["ro", "rw"])]).toEqual([true, false, true]);
});

test("rootPropagationFlags() takes what keeps mounts from the host", () => {
  expect(successOf(rootPropagationFlags("rslave"))).toBe(MS_SLAVE | MS_REC);
  expect(reasonOf(rootPropagationFlags("rshared"))).toContain("private or slave");
});
