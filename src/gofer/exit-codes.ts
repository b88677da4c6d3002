/**
 * Exit statuses of the gofer command. runsc does not look at them; people and tests do. The numbers from 64 on are those of
 * sysexits.h(3head).
 */
export const exitCodes = {
  /** All connections have ended. */
  success: 0,
  /** The command line says something that cannot be. */
  usage: 2,
  /** The container's spec cannot be read, is not JSON, or is not valid. */
  spec: 65,
  /** The source of a mount is not there, or runsc cannot open it for the gofer. */
  mountSource: 66,
  /** A bug in the gofer. */
  bug: 70,
  /** The kernel refused a system call that the set-up needs. */
  system: 71,
  /** Counts or profiles cannot be kept where the environment says. */
  statistics: 73,
  /** What runsc or the sandbox holds of a pipe or socket ended too early, or said something unexpected. */
  peer: 74,
  /** A hook of the container failed. */
  hook: 75,
  /** The process cannot be confined: a privilege stays, or a thread does not do as it should. */
  confinement: 77,
  /** Mounts, their configurations and their descriptors do not fit together. */
  plan: 78,
  /** The filter stopped a system call; only in the filter's debug mode, else the process is killed. */
  forbiddenCall: 79,
  /** An extension claims a mount but cannot serve it. */
  extension: 80,
  /** Ended by SIGHUP. Those of signals are 128 and the signal's number, as a shell has them. */
  hungUp: 129,
  /** Ended by SIGINT. */
  interrupted: 130,
  /** Ended by SIGTERM. */
  terminated: 143,
} as const;

export type ExitReason = keyof typeof exitCodes;
