import { describe, expect, test } from "bun:test";
import {
  MOUNT_ATTR__ATIME,
  MOUNT_ATTR_NOATIME,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NODIRATIME,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
  MOUNT_ATTR_RELATIME,
  MOUNT_ATTR_STRICTATIME,
  MS_BIND,
  MS_NOATIME,
  MS_NODEV,
  MS_NODIRATIME,
  MS_NOEXEC,
  MS_NOSUID,
  MS_RDONLY,
  MS_REC,
  MS_RELATIME,
  MS_STRICTATIME,
} from "../../../ffi/linux.ts";
import { mountAttributesOf } from "../../../src/gofer/mount-attributes.ts";

const accessTimes = { clear: MOUNT_ATTR__ATIME };

describe("mountAttributesOf()", () => {
  test.each([
    ["ro", MS_RDONLY, MOUNT_ATTR_RDONLY],
    ["nosuid", MS_NOSUID, MOUNT_ATTR_NOSUID],
    ["nodev", MS_NODEV, MOUNT_ATTR_NODEV],
    ["noexec", MS_NOEXEC, MOUNT_ATTR_NOEXEC],
    ["nodiratime", MS_NODIRATIME, MOUNT_ATTR_NODIRATIME],
  ])("sets %s and leaves the rest", (_option, flag, set) => {
    expect(mountAttributesOf(flag)).toEqual({ set, clear: 0 });
  });

  test("takes flags together, and none for what is no attribute", () => {
    const flags = MS_BIND | MS_REC | MS_RDONLY | MS_NODEV;
    expect(mountAttributesOf(flags)).toEqual({ set: MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV, clear: 0 });
    expect(mountAttributesOf(MS_BIND | MS_REC)).toEqual({ set: 0, clear: 0 });
  });

  test.each([
    ["noatime", MS_NOATIME, MOUNT_ATTR_NOATIME],
    ["relatime", MS_RELATIME, MOUNT_ATTR_RELATIME],
    ["strictatime", MS_STRICTATIME, MOUNT_ATTR_STRICTATIME],
    ["noatime before the others", MS_NOATIME | MS_RELATIME | MS_STRICTATIME, MOUNT_ATTR_NOATIME],
    ["relatime before strictatime", MS_RELATIME | MS_STRICTATIME, MOUNT_ATTR_RELATIME],
  ])("clears the old access time rule for %s", (_what, flags, set) => {
    expect(mountAttributesOf(flags)).toEqual({ set, ...accessTimes });
  });
});
