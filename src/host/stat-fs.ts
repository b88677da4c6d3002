import { allocateStaticMemory, memory } from "../../ffi/arena.ts";
import type { Result } from "../../ffi/errno.ts";
import { statFsInto } from "../../ffi/files.ts";
import type { HostFd } from "../../ffi/host-fd.ts";
import { statfsLayout } from "../../ffi/structs.ts";
import { readI64, readU64 } from "../wire/integers.ts";
import type { StatFs } from "../wire/records.ts";

const scratch = allocateStaticMemory(statfsLayout.bytes);

/** The numbers of the file system that an open file is on. */
export function statFsOf(fd: HostFd): Result<StatFs> {
  return (
    statFsInto(fd, scratch) ?? {
      type: readU64(memory, scratch + statfsLayout.type),
      blockSize: readI64(memory, scratch + statfsLayout.blockSize),
      blocks: readU64(memory, scratch + statfsLayout.blocks),
      blocksFree: readU64(memory, scratch + statfsLayout.blocksFree),
      blocksAvailable: readU64(memory, scratch + statfsLayout.blocksAvailable),
      files: readU64(memory, scratch + statfsLayout.files),
      filesFree: readU64(memory, scratch + statfsLayout.filesFree),
      nameLength: readU64(memory, scratch + statfsLayout.nameLength),
    }
  );
}
