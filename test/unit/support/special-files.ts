import { byteStringOf } from "../../../ffi/byte-string.ts";
import { makeNode } from "../../../ffi/files.ts";
import { takeAndClose, workingDirectory } from "../../../ffi/host-fd.ts";
import { S_IFIFO, SOCK_STREAM } from "../../../ffi/linux.ts";
import { bindTo, createUnixSocket, UnixAddress } from "../../../ffi/unix-sockets.ts";
import { must } from "./results.ts";

export function createFifo(path: string): void {
  must(makeNode(workingDirectory, byteStringOf(path), S_IFIFO | 0o644));
}

/** Leaves the file of a socket to which nobody listens. */
export function createSocket(path: string): void {
  const socket = must(createUnixSocket(SOCK_STREAM));
  using address = must(UnixAddress.of(byteStringOf(path)));
  must(bindTo(socket, address));
  takeAndClose(socket);
}
