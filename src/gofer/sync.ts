import { allocateStaticMemory } from "../../ffi/arena.ts";
import { readOneByte } from "../../ffi/descriptor-io.ts";
import { Failure } from "../../ffi/errno.ts";
import { type HostFd, OwnedFd, takeAndClose } from "../../ffi/host-fd.ts";
import { setThreadGroup, setThreadUser } from "../../ffi/process.ts";
import { receiveMessageInto } from "../../ffi/sockets.ts";
import { waitUntilReadable } from "../../ffi/waiting.ts";
import { StartFailure } from "./start-failure.ts";

/** How long to wait for the sandbox's pidfd, and then for the sandbox's end. Source: pkg/pinring and runsc/cmd/gofer.go. */
const sentryExitMillisMax = 500;

/** Takes a descriptor and waits until the other end is closed, which is how runsc says that it is done. */
export function waitForEnd(fd: HostFd, what: string): StartFailure | undefined {
  using owned = new OwnedFd(fd);
  const count = readOneByte(owned.borrow());
  if (count instanceof Failure) return new StartFailure("peer", `${what}: ${count}`);
  return count === 0 ? undefined : new StartFailure("peer", `${what}: got data, want the end of the stream`);
}

/** Becomes user `uid` and group `gid`, in this order, as runsc's gofer does: on the calling thread alone. */
export function becomeUser(uid: number, gid: number): StartFailure | undefined {
  const user = setThreadUser(uid);
  if (user instanceof Failure) return new StartFailure("system", `cannot become user ${uid}: ${user}`);
  const group = setThreadGroup(gid);
  return group instanceof Failure ? new StartFailure("system", `cannot become group ${gid}: ${group}`) : undefined;
}

/**
 * Waits for the sandbox, whose pidfd comes over `socket` (taken), to have ended, but not for long: files that it shares with this
 * process are then released here and not while it ends. False when it is known to be there still.
 */
export function waitForSandboxExit(socket: HostFd): boolean {
  using owned = new OwnedFd(socket);
  if (!waitUntilReadable(owned.borrow(), sentryExitMillisMax)) return true;
  const message = receiveMessageInto(owned.borrow(), allocateStaticMemory(1), 1);
  const [pidfd, ...others] = message instanceof Failure ? [] : message.fds;
  const ended = pidfd === undefined || waitUntilReadable(pidfd, sentryExitMillisMax);
  for (const fd of [pidfd, ...others]) {
    if (fd !== undefined) takeAndClose(fd);
  }
  return ended;
}
