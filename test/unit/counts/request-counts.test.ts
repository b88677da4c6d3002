import { expect, test } from "bun:test";
import { join } from "node:path";
import { runScript } from "../support/json-subprocess.ts";
import type { Costs, CostsReport, Counted } from "./support/count-requests.ts";
import type { ScriptName } from "./support/scripts.ts";

/** What one repetition of a script may cost, exactly. More is a regression; less is to be written down here. */
interface Expected {
  /** The script's requests: each costs one wait, and one wake-up of the client or one send; a request on the socket is received. */
  readonly requests: number;
  /** Descriptors that replies bring: a channel has a message for each. */
  readonly fds?: number;
  /** System calls on behalf of the backend, and bytes copied. */
  readonly host: Costs;
  /** What comes and goes over the socket is more than it holds: how often it is looked at is the kernel's affair. */
  readonly isLarge?: true;
  /** Objects that the engine allocates, by its names for types, while it does not optimise them away. */
  readonly objects: Costs;
}

const expected: Readonly<Record<ScriptName, Expected>> = {
  FStat: { requests: 1, host: { statx: 1 }, objects: { Object: 3 } },
  "Walk 1, Close": {
    requests: 2,
    host: { openat: 1, statx: 1, close: 1 },
    objects: { string: 1, Function: 5, Object: 14, Array: 4, JSLexicalEnvironment: 7, Generator: 1 },
  },
  "Walk 8, Close": {
    requests: 2,
    host: { openat: 8, statx: 8, close: 8 },
    objects: {
      string: 8,
      Function: 12,
      Object: 63,
      Array: 4,
      JSLexicalEnvironment: 21,
      Generator: 1,
      Map: 7,
      "Cell Butterfly": 7,
    },
  },
  "WalkStat 1": {
    requests: 1,
    host: { openat: 1, statx: 1, close: 1 },
    objects: { string: 1, Function: 3, Object: 4, Array: 2, JSLexicalEnvironment: 4 },
  },
  "WalkStat 8": {
    requests: 1,
    host: { openat: 8, statx: 8, close: 8 },
    objects: { string: 8, Function: 3, Object: 11, Array: 2, JSLexicalEnvironment: 4 },
  },
  "OpenAt, Close": {
    requests: 2,
    fds: 1,
    host: { openat: 1, close: 1 },
    objects: { Function: 1, Object: 8, Array: 3, JSLexicalEnvironment: 2 },
  },
  "OpenCreateAt, Close, UnlinkAt": {
    requests: 3,
    fds: 1,
    host: { openat: 2, statx: 1, close: 2, unlinkat: 1 },
    objects: { string: 2, Function: 3, Object: 20, Array: 3, JSLexicalEnvironment: 7, Generator: 2 },
  },
  "PRead 4 KiB": { requests: 1, host: { pread64: 1 }, objects: { Object: 4 } },
  "PRead 1 MiB": { requests: 1, host: { pread64: 1 }, isLarge: true, objects: { Object: 4 } },
  "PWrite 4 KiB": { requests: 1, host: { pwrite64: 1 }, objects: { Function: 1, Object: 4 } },
  "PWrite 1 MiB": { requests: 1, host: { pwrite64: 1 }, isLarge: true, objects: { Function: 1, Object: 4 } },
  "Getdents64 of 1000": {
    requests: 1,
    host: { lseek: 1, getdents64: 2, statx: 1000, "bytes copied": 10_000 },
    objects: { Function: 1, Object: 5, JSLexicalEnvironment: 1 },
  },
  "SetStat mode": { requests: 1, host: { fchmod: 1 }, objects: { Object: 3 } },
  "SetStat size": { requests: 1, host: { ftruncate: 1 }, objects: { Object: 3 } },
  "SetStat mtime": {
    requests: 1,
    host: { utimensat: 1 },
    objects: { Object: 4, Array: 3, JSLexicalEnvironment: 1, BigInt: 3 },
  },
  Readlink: { requests: 1, host: { readlinkat: 1 }, objects: { Object: 4 } },
  FGetXattr: {
    requests: 1,
    host: { fgetxattr: 1 },
    objects: { string: 1, Function: 2, Object: 4, JSLexicalEnvironment: 4 },
  },
};

const names = Object.keys(expected) as ScriptName[];
const script = join(import.meta.dir, "support", "count-requests.ts");

/** Compiles at once or not at all, so that what is allocated does not depend on when. */
const withoutOptimiser = ["env", "BUN_JSC_useDFGJIT=0", "BUN_JSC_useConcurrentJIT=0"];

/** What depends on how much of a large message the kernel takes at a time. */
const socketCalls: ReadonlySet<string> = new Set(["epoll_ctl", "epoll_pwait", "recvmsg", "sendmsg"]);

const testMillisMax = 120_000;

function count(counted: Counted): Promise<CostsReport> {
  return runScript<CostsReport>(script, counted, counted === "objects" ? withoutOptimiser : []);
}

function onChannel({ requests, fds = 0, host }: Expected): Costs {
  return { ...host, futex_waitv: requests, futex: requests, ...(fds === 0 ? {} : { sendmsg: fds }) };
}

function onSocket({ requests, host, isLarge }: Expected): Costs {
  return isLarge === true ? host : { ...host, epoll_pwait: requests, recvmsg: requests, sendmsg: requests };
}

function withoutSocketCalls(costs: Costs): Costs {
  return Object.fromEntries(Object.entries(costs).filter(([name]) => !socketCalls.has(name)));
}

test(
  "each request makes the system calls, copies and wake-ups that it needs and no others",
  async () => {
    const report = await count("calls");
    expect(Object.keys(report)).toEqual(names);
    const channel = names.map((name) => [name, report[name]?.channel]);
    expect(channel).toEqual(names.map((name) => [name, onChannel(expected[name])]));
    const socket = names.map((name) => {
      const costs = report[name]?.socket ?? {};
      return [name, expected[name].isLarge === true ? withoutSocketCalls(costs) : costs];
    });
    expect(socket).toEqual(names.map((name) => [name, onSocket(expected[name])]));
  },
  testMillisMax,
);

test(
  "each request allocates the objects that it needs and no others",
  async () => {
    const report = await count("objects");
    for (const transport of ["channel", "socket"] as const) {
      const objects = names.map((name) => [name, report[name]?.[transport]]);
      expect(objects).toEqual(names.map((name) => [name, expected[name].objects]));
    }
  },
  testMillisMax,
);
