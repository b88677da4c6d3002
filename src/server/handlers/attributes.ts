import { Errno, Failure, fail } from "../../../ffi/errno.ts";
import {
  STATX_ATIME,
  STATX_GID,
  STATX_MODE,
  STATX_MTIME,
  STATX_SIZE,
  STATX_UID,
  XATTR_SIZE_MAX,
} from "../../../ffi/linux.ts";
import { messages } from "../../wire/messages.ts";
import { andThen } from "../maybe-promise.ts";
import { bodyPlace, placedReply } from "./giving.ts";
import type { Handlers } from "./handler.ts";

const settableAttributes = STATX_MODE | STATX_UID | STATX_GID | STATX_SIZE | STATX_ATIME | STATX_MTIME;

/** Attributes, the file system's numbers, and extended attributes. */
export const attributeHandlers: Handlers<
  "fStat" | "setStat" | "fStatFs" | "fGetXattr" | "fSetXattr" | "fListXattr" | "fRemoveXattr"
> = {
  fStat: (_exchange, _request, fd) => fd.stat(),

  setStat: ({ connection }, request, fd) => {
    if ((request.mask & ~settableAttributes) !== 0) return fail(Errno.EPERM);
    if (fd.node.isDeleted && !connection.options.setAttrOnDeleted) return fail(Errno.EINVAL);
    return fd.setStat(request);
  },

  fStatFs: (_exchange, _request, fd) => fd.statFs(),

  fGetXattr: (exchange, request, fd) => {
    if (fd.node.isDeleted) return fail(Errno.EINVAL);
    const { at, bytesMax } = bodyPlace(exchange, messages.fGetXattr);
    const got = fd.getXattr(request.name, request.bufferBytes, at, bytesMax);
    // The reply says the length in 16 bits, and the kernel allows a value of one byte more than they can say.
    return andThen(got, (length) => (length === XATTR_SIZE_MAX ? fail(Errno.E2BIG) : placedReply(length)));
  },

  fSetXattr: (_exchange, request, fd) => {
    if (fd.node.isDeleted) return fail(Errno.EINVAL);
    return fd.setXattr(request.name, request.value, request.flags);
  },

  /** Upstream has no error for a removed file here. */
  fListXattr: (_exchange, request, fd) => {
    if (fd.node.isDeleted) return { names: [] };
    return andThen(fd.listXattrs(request.size), (names) => (names instanceof Failure ? names : { names }));
  },

  fRemoveXattr: (_exchange, request, fd) => {
    if (fd.node.isDeleted) return fail(Errno.EINVAL);
    return fd.removeXattr(request.name);
  },
};
