import { type FlagType, usage } from "./flags.ts";
import { type Attempt, StartFailure } from "./start-failure.ts";

const lowers = ["none", "lisafs", "erofs"] as const;
const uppers = ["none", "memory", "self", "anon"] as const;

/**
 * How the sandbox builds one mount: from a lower layer (what a gofer serves over lisafs, or an image) and an upper layer that
 * takes the writes. Source: GoferMountConf in runsc/specutils/gofer_conf.go.
 */
export interface MountConf {
  readonly lower: (typeof lowers)[number];
  readonly upper: (typeof uppers)[number];
}

/** Whether a gofer serves the lower layer. */
export function isServed(conf: MountConf): boolean {
  return conf.lower === "lisafs";
}

/** Whether writes stay in the sandbox, so that the lower layer is only ever read. */
export function isOverlaid(conf: MountConf): boolean {
  return conf.lower !== "none" && conf.upper !== "none";
}

/** The value of --gofer-mount-confs: LOWER:UPPER[:size=SIZE] for the root and then for each mount, separated by commas. */
export const mountConfsFlag: FlagType<readonly MountConf[]> = {
  initial: [],
  isBoolean: false,
  read(text, before) {
    const confs = [...before];
    for (const part of text.split(",")) {
      const conf = readMountConf(part);
      if (conf instanceof StartFailure) return conf.while(`"${part}"`);
      confs.push(conf);
    }
    return confs;
  },
};

function readMountConf(text: string): Attempt<MountConf> {
  const [lowerWord, upperWord, size, ...more] = text.split(":");
  if (upperWord === undefined || more.length > 0 || (size !== undefined && !size.startsWith("size="))) {
    return usage("want LOWER:UPPER or LOWER:UPPER:size=SIZE");
  }
  const lower = lowers.find((word) => word === lowerWord);
  if (lower === undefined) return usage(`want a lower layer of ${lowers.join(", ")}`);
  const upper = uppers.find((word) => word === upperWord);
  if (upper === undefined) return usage(`want an upper layer of ${uppers.join(", ")}`);
  if (lower === "none" && upper === "none") return usage("want a lower or an upper layer");
  return { lower, upper };
}
