import { allocateStaticMemory, memory } from "../../ffi/arena.ts";
import { Errno, Failure } from "../../ffi/errno.ts";
import { setBlocking } from "../../ffi/files.ts";
import { type HostFd, OwnedFd, takeAndClose } from "../../ffi/host-fd.ts";
import { receiveMessageInto, sendFrom } from "../../ffi/sockets.ts";
import { waitUntilReadable } from "../../ffi/waiting.ts";
import { type RpcReply, readRpcReply, replyBytesMax } from "./rpc-reply.ts";
import type { SpecMount } from "./spec.ts";
import { type Attempt, StartFailure } from "./start-failure.ts";

const chunkBytes = 4096;
const chunk = allocateStaticMemory(chunkBytes);

/** How long one wait lasts. There may be any number of them: runsc ends the connection when it ends. */
const waitMillis = 60_000;

/** A reply as it came, with the descriptors attached to it, which the holder owns. */
interface Received {
  readonly reply: RpcReply;
  readonly fds: readonly HostFd[];
}

/**
 * Asks runsc, which sees the gofer's mounts with the host's privileges, to open what the gofer may not open or prepare itself. Calls
 * wait for the answer. Source: gofer_to_host_rpc.go in runsc/container.
 */
export class MountOpener implements Disposable {
  readonly #socket: OwnedFd | undefined;

  /** Takes the socket that --rpc-fd names; without one, every request fails. */
  constructor(socket: HostFd | undefined) {
    this.#socket = socket === undefined ? undefined : new OwnedFd(socket);
  }

  /**
   * Opens the source of a mount that is to be made with `flags` (MS_…). For an id-mapped mount that is a mount of its own, attached
   * nowhere; otherwise a path as by O_PATH. The caller owns the descriptor. Fails with `usage` where there is nobody to ask, with
   * `mountSource` when runsc cannot open it, and with `peer` when there is no proper answer.
   */
  open({ source, document }: SpecMount, flags: number): Attempt<HostFd> {
    const doing = `cannot have ${source} opened by runsc`;
    if (this.#socket === undefined) return new StartFailure("usage", `${doing}: there is no --rpc-fd`);
    const request = { method: "goferToHostRPC.OpenMount", arg: { Mount: document, Flags: flags >>> 0 } };
    const socket = this.#socket.borrow();
    const received = send(socket, JSON.stringify(request)) ?? receive(socket);
    const opened = received instanceof StartFailure ? received : onlyDescriptorOf(received);
    return opened instanceof StartFailure ? opened.while(doing) : opened;
  }

  [Symbol.dispose](): void {
    this.#socket?.[Symbol.dispose]();
  }
}

function send(socket: HostFd, text: string): StartFailure | undefined {
  // Go's runtime, which the socket comes from, makes it nonblocking.
  const blocking = setBlocking(socket);
  if (blocking instanceof Failure) return new StartFailure("peer", `--rpc-fd cannot be used: ${blocking}`);
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length; ) {
    const length = bytes.copy(memory.u8, chunk, done, done + chunkBytes);
    const sent = sendFrom(socket, chunk, length, [], 0);
    if (sent instanceof Failure) return new StartFailure("peer", `cannot send the request: ${sent}`);
    done += sent;
  }
  return undefined;
}

function receive(socket: HostFd): Attempt<Received> {
  const fds: HostFd[] = [];
  const reply = receiveReply(socket, fds);
  if (!(reply instanceof StartFailure)) return { reply, fds };
  for (const fd of fds) takeAndClose(fd);
  return reply;
}

/** Descriptors that come along are added to `fds`, whatever comes of the reply. */
function receiveReply(socket: HostFd, fds: HostFd[]): Attempt<RpcReply> {
  const bytes = Buffer.alloc(replyBytesMax);
  for (let length = 0; ; ) {
    const message = receiveMessageInto(socket, chunk, Math.min(chunkBytes, replyBytesMax - length));
    if (message instanceof Failure) {
      if (message.errno !== Errno.EAGAIN && message.errno !== Errno.EINTR)
        return new StartFailure("peer", `cannot receive the reply: ${message}`);
      waitUntilReadable(socket, waitMillis);
      continue;
    }
    fds.push(...message.fds);
    if (message.bytes === 0) return new StartFailure("peer", "runsc ended the connection in place of a reply");
    length += memory.buffer.copy(bytes, length, chunk, chunk + message.bytes);
    const reply = readRpcReply(bytes.subarray(0, length));
    if (reply !== undefined) return reply;
  }
}

function onlyDescriptorOf({ reply, fds }: Received): Attempt<HostFd> {
  const [fd, ...others] = fds;
  if (reply.success && fd !== undefined && others.length === 0) return fd;
  for (const unwanted of fds) takeAndClose(unwanted);
  if (!reply.success) return new StartFailure("mountSource", reply.err === "" ? "no reason given" : reply.err);
  return new StartFailure("peer", `unexpected reply from runsc: ${fds.length} descriptors, want 1`);
}
