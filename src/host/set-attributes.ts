import { Errno, Failure, fail, type Result } from "../../ffi/errno.ts";
import {
  changeMode,
  changeModeAt,
  changeOwner,
  setTimes,
  setTimesAt,
  type Timestamp,
  truncate,
} from "../../ffi/files.ts";
import { type HostFd, takeAndClose } from "../../ffi/host-fd.ts";
import {
  S_IFMT,
  STATX_ATIME,
  STATX_GID,
  STATX_MODE,
  STATX_MTIME,
  STATX_SIZE,
  STATX_UID,
  UTIME_OMIT,
} from "../../ffi/linux.ts";
import type { ReplyOf, RequestOf } from "../wire/messages.ts";
import { noId } from "../wire/records.ts";
import type { ParentPlace } from "./files.ts";

type SetStatRequest = RequestOf<"setStat">;

/** The file whose attributes are changed: its ways in, all borrowed but the parent place. */
interface Subject {
  readonly hostFd: HostFd;
  readonly isSymlink: boolean;
  readonly isSocket: boolean;
  readonly isRegular: boolean;
  writableFd(): Result<HostFd>;
  readonly placeInProc: ParentPlace;
  parentPlace(): Result<ParentPlace>;
}

const unchangedTime: Timestamp = { seconds: 0, nanoseconds: UTIME_OMIT };

/** The steps, in the order of the stock gofer; each is taken when one of its bits is asked for. */
const steps: readonly (readonly [mask: number, change: (fd: Subject, request: SetStatRequest) => Result<void>])[] = [
  [STATX_MODE, setMode],
  [STATX_SIZE, setSize],
  [STATX_ATIME | STATX_MTIME, setTimestamps],
  [STATX_UID | STATX_GID, setOwner],
];

/** Changes all that can be changed. The reply says which attributes could not, and the last reason. */
export function setAttributes(fd: Subject, request: SetStatRequest): ReplyOf<"setStat"> {
  let failureMask = 0;
  let failureErrno = 0;
  for (const [mask, change] of steps) {
    if ((request.mask & mask) === 0) continue;
    const outcome = change(fd, request);
    if (!(outcome instanceof Failure)) continue;
    failureMask |= request.mask & mask;
    failureErrno = outcome.errno;
  }
  return { failureMask, failureErrno };
}

function setMode(fd: Subject, request: SetStatRequest): Result<void> {
  const mode = request.mode & ~S_IFMT;
  // Linux has no mode of symbolic links to change.
  if (fd.isSymlink) return fail(Errno.EOPNOTSUPP);
  // A socket is held as a mere position, which fchmod() refuses; by its name, a link that has taken its place would be followed.
  if (fd.isSocket) return changeModeAt(fd.placeInProc.directory, fd.placeInProc.name, mode);
  return changeMode(fd.hostFd, mode);
}

function setSize(fd: Subject, request: SetStatRequest): Result<void> {
  const writable = fd.writableFd();
  return writable instanceof Failure ? writable : truncate(writable, request.size);
}

function setTimestamps(fd: Subject, request: SetStatRequest): Result<void> {
  const access = has(request, STATX_ATIME)
    ? { seconds: request.atimeSec, nanoseconds: request.atimeNsec }
    : unchangedTime;
  const modification = has(request, STATX_MTIME)
    ? { seconds: request.mtimeSec, nanoseconds: request.mtimeNsec }
    : unchangedTime;
  // A symbolic link itself can only be reached by its name.
  if (fd.isSymlink) {
    return atParentPlace(fd, ({ directory, name }) => setTimesAt(directory, name, access, modification));
  }
  // Some file systems want the file open for writing: utimensat(2), BUGS.
  const writable = fd.isRegular ? fd.writableFd() : fd.hostFd;
  return setTimes(writable instanceof Failure ? fd.hostFd : writable, access, modification);
}

function setOwner(fd: Subject, request: SetStatRequest): Result<void> {
  const uid = has(request, STATX_UID) ? request.uid : noId;
  const gid = has(request, STATX_GID) ? request.gid : noId;
  return changeOwner(fd.hostFd, uid, gid);
}

function has(request: SetStatRequest, bit: number): boolean {
  return (request.mask & bit) !== 0;
}

function atParentPlace(fd: Subject, change: (place: ParentPlace) => Result<void>): Result<void> {
  const place = fd.parentPlace();
  if (place instanceof Failure) return place;
  const outcome = change(place);
  takeAndClose(place.directory);
  return outcome;
}
