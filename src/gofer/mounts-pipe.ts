import { writeAll } from "../../ffi/descriptor-io.ts";
import type { HostFd } from "../../ffi/host-fd.ts";
import { takeAndClose } from "../../ffi/host-fd.ts";
import type { MountDocument } from "./spec-schema.ts";
import { StartFailure } from "./start-failure.ts";

/**
 * The pipe on which the sandbox waits for the list of mounts, as JSON, until it ends. Whatever else comes instead the sandbox
 * quotes in the error it shows, which makes it the one way to be heard when runsc keeps no log.
 * Source: ReadMounts in runsc/specutils/specutils.go.
 */
export class MountsPipe {
  #fd: HostFd | undefined;

  /** Takes `fd`. */
  constructor(fd: HostFd | undefined) {
    this.#fd = fd;
  }

  /** Sends the list and closes the pipe. Waits while the pipe is full. */
  send(mounts: readonly MountDocument[]): StartFailure | undefined {
    const sent = this.#end(JSON.stringify(mounts));
    return sent ? undefined : new StartFailure("peer", "cannot write the list of mounts: the sandbox does not read it");
  }

  /** Sends a message in place of the list and closes the pipe, unless the list is out already. */
  complain(message: string): void {
    this.#end(`${message}\n`);
  }

  #end(text: string): boolean {
    if (this.#fd === undefined) return false;
    const sent = writeAll(this.#fd, text);
    takeAndClose(this.#fd);
    this.#fd = undefined;
    return sent;
  }
}
