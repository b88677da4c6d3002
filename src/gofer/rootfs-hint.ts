import { isAbsolute } from "node:path/posix";
import type { Annotations } from "./container-type.ts";
import { type Attempt, StartFailure } from "./start-failure.ts";

const rootfsPrefix = "dev.gvisor.spec.rootfs.";

/**
 * What annotations say of the container's root: dev.gvisor.spec.rootfs.KEY=VALUE.
 * Source: RootfsHint in runsc/boot/mount_hints.go.
 */
export interface RootfsHint {
  readonly source: string;
  readonly type: string;
  /** Whether the sandbox works on the root's files through the gofer even where directfs is on. */
  readonly suppressesDirectfs: boolean;
}

const directfsValues = ["default", "off"];
const media = ["", "memory", "self"];
const anonymousMedium = "dir=";

/** What each key may be set to. */
const checks: ReadonlyMap<string, (value: string) => boolean> = new Map([
  ["source", isAbsolute],
  ["type", (value) => value === "erofs" || value === "bind"],
  ["overlay", isOverlayMedium],
  ["options", (value) => value.split(",").every((option) => option.startsWith("size="))],
  ["directfs", (value) => directfsValues.includes(value)],
]);

/** Reads the hint, undefined when there is none. Unlike with mounts, whatever makes no sense is an error. */
export function readRootfsHint(annotations: Annotations): Attempt<RootfsHint | undefined> {
  const fields = new Map<string, string>();
  for (const [annotation, value] of annotations) {
    if (!annotation.startsWith(rootfsPrefix)) continue;
    const key = annotation.slice(rootfsPrefix.length);
    if (checks.get(key)?.(value) !== true) {
      return new StartFailure("spec", `invalid annotation of the root: ${annotation}=${value}`);
    }
    fields.set(key, value);
  }
  if (fields.size === 0) return undefined;
  const source = fields.get("source");
  const type = fields.get("type");
  if (source === undefined || type === undefined) {
    return new StartFailure("spec", "the annotations of the root need both source and type");
  }
  return { source, type, suppressesDirectfs: fields.get("directfs") === "off" };
}

function isOverlayMedium(value: string): boolean {
  if (media.includes(value)) return true;
  return value.startsWith(anonymousMedium) && isAbsolute(value.slice(anonymousMedium.length));
}
