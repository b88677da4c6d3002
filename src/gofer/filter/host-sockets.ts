import { isInt, type SyscallRule } from "../../../ffi/libseccomp.ts";
import {
  AF_UNIX,
  O_CLOEXEC,
  O_NONBLOCK,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from "../../../ffi/linux.ts";
import type { HostSocketPolicy } from "../global-flags.ts";

const newSocketRules: readonly SyscallRule[] = [SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET].map((type) => ({
  call: "socket",
  where: [isInt(0, AF_UNIX), isInt(1, type | SOCK_CLOEXEC | O_NONBLOCK), isInt(2, 0)],
  because: "a socket to connect or to bind",
}));

const openRules: readonly SyscallRule[] = [
  { call: "connect", because: "Connect" },
  { call: "setreuid", because: "ConnectWithCreds: the peer is to see the IDs of the sandbox's process" },
  { call: "setregid", because: "ConnectWithCreds: the peer is to see the IDs of the sandbox's process" },
];

const createRules: readonly SyscallRule[] = [
  { call: "bind", because: "BindAt" },
  { call: "unlinkat", because: "takes the file of a socket away that could not be created in full" },
  { call: "listen", because: "Listen" },
  { call: "accept4", where: [isInt(3, O_NONBLOCK | O_CLOEXEC)], because: "Accept" },
];

/** Calls on sockets in the host's file system, as far as --host-uds allows them. */
export function hostSocketRules({ open, create }: HostSocketPolicy): readonly SyscallRule[] {
  return [...(open || create ? newSocketRules : []), ...(open ? openRules : []), ...(create ? createRules : [])];
}
