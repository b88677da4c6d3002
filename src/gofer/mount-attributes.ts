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
  MS_NOATIME,
  MS_NODEV,
  MS_NODIRATIME,
  MS_NOEXEC,
  MS_NOSUID,
  MS_RDONLY,
  MS_RELATIME,
  MS_STRICTATIME,
} from "../../ffi/linux.ts";
import type { MountAttributes } from "../../ffi/mounts.ts";

type Equivalent = readonly [flag: number, attribute: number];

const independentAttributes: readonly Equivalent[] = [
  [MS_RDONLY, MOUNT_ATTR_RDONLY],
  [MS_NOSUID, MOUNT_ATTR_NOSUID],
  [MS_NODEV, MOUNT_ATTR_NODEV],
  [MS_NOEXEC, MOUNT_ATTR_NOEXEC],
  [MS_NODIRATIME, MOUNT_ATTR_NODIRATIME],
];

/** Values of one field, of which the first that is asked for holds. */
const accessTimeAttributes: readonly Equivalent[] = [
  [MS_NOATIME, MOUNT_ATTR_NOATIME],
  [MS_RELATIME, MOUNT_ATTR_RELATIME],
  [MS_STRICTATIME, MOUNT_ATTR_STRICTATIME],
];

/**
 * The attributes that stand for mount flags (MS_…). Flags that are no attributes count for nothing, and what is not asked for
 * stays as it is. Source: mount_setattr(2).
 */
export function mountAttributesOf(flags: number): MountAttributes {
  let set = 0;
  for (const [flag, attribute] of independentAttributes) {
    if ((flags & flag) !== 0) set |= attribute;
  }
  const accessTime = accessTimeAttributes.find(([flag]) => (flags & flag) !== 0);
  if (accessTime === undefined) return { set, clear: 0 };
  // The kernel takes a new value of the field only with the old one cleared.
  return { set: set | accessTime[1], clear: MOUNT_ATTR__ATIME };
}
