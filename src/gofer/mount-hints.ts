import type { Log } from "../log/log.ts";
import type { Annotations } from "./container-type.ts";
import { withoutRefusedOptions } from "./mount-options.ts";
import { type Attempt, StartFailure } from "./start-failure.ts";

const mountPrefix = "dev.gvisor.spec.mount.";

const types = ["tmpfs", "bind"] as const;
const shares = ["container", "pod", "shared"] as const;

/**
 * What a pod's annotations say of one of its volumes: dev.gvisor.spec.mount.NAME.KEY=VALUE.
 * Source: MountHint in runsc/boot/mount_hints.go.
 */
export interface MountHint {
  readonly name: string;
  /** The source of the mounts that it is about. */
  readonly source: string;
  readonly type: (typeof types)[number];
  /** Who else may change what is there: nobody, other containers of the pod, or anyone. */
  readonly share: (typeof shares)[number];
  readonly options: readonly string[];
  /** Whether the sandbox works on files through the gofer even where directfs is on. */
  readonly suppressesDirectfs: boolean;
}

type Draft = { -readonly [Key in keyof MountHint]?: MountHint[Key] };

/** Reads the hints. A field that makes no sense, and a hint without all it needs, is passed over with a warning. */
export function readMountHints(annotations: Annotations, log: Log): Attempt<readonly MountHint[]> {
  const drafts = new Map<string, Draft>();
  for (const [key, value] of annotations) {
    if (!key.startsWith(mountPrefix)) continue;
    const [name = "", field, ...more] = key.slice(mountPrefix.length).split(".");
    if (name === "" || field === undefined || more.length > 0)
      return invalid(`invalid mount annotation ${key}=${value}`);
    const draft = drafts.get(name) ?? {};
    drafts.set(name, draft);
    if (!setField(draft, field, value)) log.warn(`passing over an invalid mount annotation: ${key}=${value}`);
  }
  const hints: MountHint[] = [];
  for (const [name, draft] of drafts) {
    const { source, type, share, options = [], suppressesDirectfs = false } = draft;
    if (source === undefined || type === undefined || share === undefined) {
      log.warn(`passing over the mount annotations for ${name}: source, type and share are all needed`);
      continue;
    }
    const same = hints.find((other) => other.source === source);
    if (same !== undefined) return invalid(`mount annotations ${same.name} and ${name} have the same source ${source}`);
    hints.push({ name, source, type, share, options, suppressesDirectfs });
  }
  return hints;
}

function setField(draft: Draft, field: string, value: string): boolean {
  switch (field) {
    case "source":
      if (value === "") return false;
      draft.source = value;
      return true;
    case "type":
      return assignKnown(types, value, (type) => {
        draft.type = type;
      });
    case "share":
      return assignKnown(shares, value, (share) => {
        draft.share = share;
      });
    case "options":
      draft.options = withoutRefusedOptions(value.split(","));
      return true;
    case "directfs":
      return assignKnown(directfsValues, value, (directfs) => {
        draft.suppressesDirectfs = directfs === "off";
      });
    default:
      return false;
  }
}

const directfsValues = ["default", "off"] as const;

function assignKnown<Word extends string>(
  words: readonly Word[],
  value: string,
  assign: (word: Word) => void,
): boolean {
  const word = words.find((known) => known === value);
  if (word !== undefined) assign(word);
  return word !== undefined;
}

function invalid(reason: string): StartFailure {
  return new StartFailure("spec", reason);
}
