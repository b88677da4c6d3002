import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { byteStringOf } from "../../../ffi/byte-string.ts";
import { setUpDevices } from "../../../src/gofer/devices.ts";
import { TemporaryDirectory } from "../elf/support/temporary-directory.ts";
import { reasonOf, successOf } from "./support/reason-of.ts";

describe("setUpDevices()", () => {
  test("makes the directory, and takes devices that the sandbox sees to itself", () => {
    using temporary = new TemporaryDirectory();
    const root = byteStringOf(temporary.at("root"));
    expect(successOf(setUpDevices(["/dev/null", "/dev/fuse", "/dev/nvidiactl2"], root))).toBeUndefined();
    expect(successOf(setUpDevices([], root))).toBeUndefined();
    expect(existsSync(temporary.at("root/dev"))).toBe(true);
  });

  test.each([
    "/dev/nvidiactl",
    "/dev/nvidia-uvm",
    "/dev/nvidia0",
    "/dev/vfio/vfio",
    "/dev/vfio/12",
    "/dev/accel0",
    "/dev/infiniband/uverbs0",
  ])("refuses %s and makes nothing", (device) => {
    using temporary = new TemporaryDirectory();
    const failure = setUpDevices(["/dev/null", device], byteStringOf(temporary.at("root")));
    expect(reasonOf(failure)).toBe(`unsupported: the device ${device} is not supported yet`);
    expect(existsSync(temporary.at("root"))).toBe(false);
  });
});
