import type { FixedCodec, ValueOf } from "./codec.ts";
import { pad, type StructCodec, struct } from "./composite.ts";
import { fdId, i64, u16, u32, u64 } from "./integers.ts";
import { statx } from "./statx.ts";

const nothing = Object.freeze({});

/** A message that says nothing is still a value: undefined would say that its bytes end too early. */
const sayNothing: () => void = () => nothing;

/** No bytes. Encodes whatever it is given, so a handler with nothing to say need not return anything. */
export const empty: FixedCodec<void> & StructCodec<void> = {
  fields: {},
  bytes: 0,
  bytesMin: 0,
  decode: sayNothing,
  encode: (_memory, at) => at,
  read: sayNothing,
  write: sayNothing,
};

/** A control descriptor and the attributes of its file. */
export const inode = struct({ controlFd: fdId, stat: statx });

export type Inode = ValueOf<typeof inode>;

/** Numbers about a file system. Source: statfs(2). */
export const statFs = struct({
  type: u64,
  blockSize: i64,
  blocks: u64,
  blocksFree: u64,
  blocksAvailable: u64,
  files: u64,
  filesFree: u64,
  nameLength: u64,
});

export type StatFs = ValueOf<typeof statFs>;

/** The fields that every request to create something in a directory starts with. */
export const creation = { dirFd: fdId, uid: u32, gid: u32, mode: u16, padding: pad(6) } as const;

/** In place of a user or group ID: none, leave it as it is. Source: NoUID in pkg/lisafs/message.go. */
export const noId = 2 ** 32 - 1;

/** How a Walk ended. Source: WalkStatus in pkg/lisafs/message.go. */
export const walkStatus = {
  /** Every component was walked. */
  success: 0,
  /** A component does not exist; the ones before it were walked. */
  componentDoesNotExist: 1,
  /** A component is a symlink, the last one walked: the client resolves it. */
  componentSymlink: 2,
} as const;
