import { Errno, type Failure, fail } from "../../../ffi/errno.ts";
import { ControlFd } from "../../../src/server/fds.ts";
import type { ReplyOf, RequestOf } from "../../../src/wire/messages.ts";

/** A control FD that can do nothing, for those that can do little. */
export abstract class UnsupportedFd extends ControlFd {
  protected override close(): void {}

  override stat(): Failure {
    return unsupported();
  }

  override setStat({ mask }: RequestOf<"setStat">): ReplyOf<"setStat"> {
    return { failureMask: mask, failureErrno: Errno.EOPNOTSUPP };
  }

  override walk(): Failure {
    return unsupported();
  }

  override walkStat(): Failure {
    return unsupported();
  }

  override open(): Failure {
    return unsupported();
  }

  override openCreate(): Failure {
    return unsupported();
  }

  override mkdir(): Failure {
    return unsupported();
  }

  override mknod(): Failure {
    return unsupported();
  }

  override symlink(): Failure {
    return unsupported();
  }

  override link(): Failure {
    return unsupported();
  }

  override unlink(): Failure {
    return unsupported();
  }

  override rename(): Failure {
    return unsupported();
  }

  override statFs(): Failure {
    return unsupported();
  }

  override readLink(): Failure {
    return unsupported();
  }

  override getXattr(): Failure {
    return unsupported();
  }

  override listXattrs(): Failure {
    return unsupported();
  }

  override removeXattr(): Failure {
    return unsupported();
  }

  override connect(): Failure {
    return unsupported();
  }

  override connectAs(): Failure {
    return unsupported();
  }

  override bind(): Failure {
    return unsupported();
  }
}

function unsupported(): Failure {
  return fail(Errno.EOPNOTSUPP);
}
