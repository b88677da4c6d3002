import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { type ByteString, byteStringOf } from "../../../ffi/byte-string.ts";
import { setUpDevices } from "../../../src/gofer/devices.ts";
import { TemporaryDirectory } from "../elf/support/temporary-directory.ts";
import { reasonOf, successOf } from "./support/reason-of.ts";

const proc = "/proc" as ByteString;

describe("setUpDevices()", () => {
  test("makes the directory where there is no device", () => {
    using temporary = new TemporaryDirectory();
    const root = byteStringOf(temporary.at("root"));
    expect(successOf(setUpDevices([], root, proc))).toBeUndefined();
    expect(existsSync(temporary.at("root/dev"))).toBe(true);
  });

  test.each(["/dev/vfio/../../etc", "/dev//vfio/1", "/dev/vfio/./1"])("refuses %s", (device) => {
    using temporary = new TemporaryDirectory();
    const failure = setUpDevices([device], byteStringOf(temporary.at("root")), proc);
    expect(reasonOf(failure)).toBe(`spec: device ${device}: want a path without dots and double slashes`);
  });

  test("says which device is not there", () => {
    using temporary = new TemporaryDirectory();
    const failure = setUpDevices(["/dev/nvidia999"], byteStringOf(temporary.at("root")), proc);
    expect(reasonOf(failure)).toContain("device /dev/nvidia999: ");
  });
});
