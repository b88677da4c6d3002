import { readFileSync } from "node:fs";

/** One system call of a thread, as strace(1) shows it. */
export interface SystemCall {
  readonly name: string;
  /** How many calls of this name the thread had made by then, this one included. */
  readonly occurrence: number;
  readonly args: string;
  /** Whether strace made it fail. */
  readonly injected: boolean;
}

const callLine = /^(?<name>\w+)\((?<args>.*)\) += /;

/** How many of the first arguments the kernel reads, for calls whose others are written by it: those are shown only when it has. */
const argumentsRead: Readonly<Record<string, number>> = {
  capget: 1,
  fstatfs: 1,
  getdents64: 1,
  newfstatat: 2,
  pread64: 1,
  read: 1,
  readlinkat: 2,
  rt_sigaction: 1,
  rt_sigprocmask: 2,
  seccomp: 2,
  statfs: 1,
  statx: 2,
};

/** The calls in what strace has written of one thread. */
export function readSystemCalls(file: string): SystemCall[] {
  const counts = new Map<string, number>();
  const calls: SystemCall[] = [];
  for (const line of readFileSync(file, "latin1").split("\n")) {
    const { name, args = "" } = callLine.exec(line)?.groups ?? {};
    if (name === undefined) continue;
    const occurrence = (counts.get(name) ?? 0) + 1;
    counts.set(name, occurrence);
    calls.push({ name, occurrence, args, injected: line.endsWith("(INJECTED)") });
  }
  return calls;
}

/** The call and what it was told to do, without what is another in every run: addresses, thread IDs and times. */
export function identityOf({ name, args }: SystemCall): string {
  const read = argumentsRead[name];
  const told = read === undefined ? args : args.split(", ").slice(0, read).join(", ");
  return `${name}(${withoutAddresses(told).slice(0, 160)})`
    .replace(/^tgkill\(1, \d+/, "tgkill(1, TID")
    .replace(/"\d+\/status"/, '"TID/status"')
    .replace(/\d\d:\d\d:\d\d\.\d{6}/, "TIME");
}

export function withoutAddresses(args: string): string {
  return args.replaceAll(/0x[0-9a-f]{6,}/g, "ADDRESS");
}
