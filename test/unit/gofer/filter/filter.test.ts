import { describe, expect, test } from "bun:test";
import { Errno } from "../../../../ffi/errno.ts";
import {
  AF_UNIX,
  AT_EMPTY_PATH,
  CLONE_FILES,
  CLONE_SIGHAND,
  CLONE_SYSVSEM,
  CLONE_THREAD,
  CLONE_VM,
  F_ADD_SEALS,
  F_GETFL,
  F_SETFL,
  F_SETOWN_EX,
  FUTEX_WAKE,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_NORESERVE,
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_STACK,
  MSG_CMSG_CLOEXEC,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  O_CLOEXEC,
  O_NONBLOCK,
  PR_SET_NAME,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
  S_IFCHR,
  S_IFREG,
  SIGCHLD,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from "../../../../ffi/linux.ts";
import { exitCodes } from "../../../../src/gofer/exit-codes.ts";
import type { FilteredRun, Trial } from "./support/filtered-process.ts";
import { runFiltered } from "./support/filtered-run.ts";

const noFd = -1;
const closedFd = 9999;
const currentDirectory = -100;
const upperHalf = 0xdead_0000_0000n;
const anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
const readWrite = PROT_READ | PROT_WRITE;
const helperThreadFlags = CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
const newNetwork = 0x4000_0000;
const ownFlags = SOCK_CLOEXEC | O_NONBLOCK;
const secondsMax = 120;
const processesAtATime = 4;

type Mode = Pick<FilteredRun, "usesLisafs" | "hostUds">;

const lisafs: Mode = { usesLisafs: true, hostUds: { open: false, create: false } };
const directfs: Mode = { ...lisafs, usesLisafs: false };
const openSockets: Mode = { ...lisafs, hostUds: { open: true, create: false } };
const createSockets: Mode = { ...lisafs, hostUds: { open: false, create: true } };

function trial(call: string | number, ...args: readonly (number | string | bigint)[]): Trial {
  return { call, args: args.map((arg) => (typeof arg === "bigint" ? String(arg) : arg)) };
}

/** Which of the calls do not kill the process, each made in one of its own. */
async function survivorsOf(mode: Mode, trials: readonly Trial[]): Promise<readonly unknown[]> {
  const survivors: unknown[] = [];
  const left = [...trials];
  const tryThem = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const { lines, signal, stderr } = await runFiltered({ ...mode, trials: [next] });
      if (signal !== "SIGSYS" || lines.join() !== "filtered") survivors.push({ ...next, lines, signal, stderr });
    }
  };
  await Promise.all(Array.from({ length: processesAtATime }, tryThem));
  return survivors;
}

function killedTest(name: string, mode: Mode, trials: readonly Trial[]): void {
  test(`kills for ${name}`, async () => expect(await survivorsOf(mode, trials)).toEqual([]), secondsMax * 1000);
}

/** Makes the calls in one process, and gives what they returned. */
async function resultsOf(mode: Mode, trials: readonly Trial[]): Promise<readonly number[]> {
  const { lines, signal, status, stderr } = await runFiltered({ ...mode, trials });
  expect({ signal, status, stderr }).toEqual({ signal: undefined, status: 0, stderr: "" });
  return lines.slice(1, -1).map(Number);
}

describe("the gofer's filter", () => {
  killedTest("what no gofer does", lisafs, [
    trial("execve", "page", 0, 0),
    trial("ptrace", 0, 0, 0, 0),
    trial("io_uring_setup", 0, "page"),
    trial("kill", "own pid", 0),
    trial("socket", AF_UNIX, SOCK_STREAM | ownFlags, 0),
    ...(process.arch === "x64" ? [trial(0x4000_0000 + 39)] : []),
  ]);

  killedTest("arguments that no rule knows", lisafs, [
    trial("fcntl", noFd, 0),
    trial("fcntl", noFd, upperHalf),
    trial("fcntl", noFd, 6, "page"),
    trial("futex", "page", 6, 0, 0, 0, 0),
    trial("prctl", 3),
    trial("recvmsg", noFd, "page", 0),
    trial("sendmsg", noFd, "page", 0),
    trial("statx", currentDirectory, "page", AT_EMPTY_PATH, 0, "page"),
    trial("statx", closedFd, "page", 0, 0, "page"),
    trial("tgkill", 2 ** 22, 2 ** 22, 0),
    trial("mknodat", closedFd, "page", S_IFCHR, 0x103),
    trial("linkat", currentDirectory, "page", closedFd, "page", 0),
    trial("linkat", closedFd, "page", closedFd, "page", AT_EMPTY_PATH),
    trial("socketpair", AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, "page"),
    trial("memfd_create", "page", 0),
    trial("epoll_create1", 0),
    trial("fgetxattr", currentDirectory, "page", "page", 0),
  ]);

  killedTest("threads that are more than that", lisafs, [
    trial("clone", SIGCHLD, 0, 0, 0, 0),
    trial("clone", CLONE_VM | SIGCHLD, 0, 0, 0, 0),
    trial("clone", helperThreadFlags & ~CLONE_THREAD, 0, 0, 0, 0),
    trial("clone", helperThreadFlags | newNetwork, 0, 0, 0, 0),
  ]);

  killedTest("new executable memory", lisafs, [
    ...[anonymous, anonymous | MAP_NORESERVE, anonymous | MAP_STACK, anonymous | MAP_FIXED, MAP_SHARED | MAP_FIXED].map(
      (flags) => trial("mmap", "page", 4096, PROT_READ | PROT_EXEC, flags, noFd, 0),
    ),
    trial("mmap", 0, 4096, upperHalf + BigInt(PROT_EXEC), anonymous, noFd, 0),
    trial("mmap", 0, 4096, readWrite, MAP_SHARED, closedFd, 0),
    trial("mprotect", "page", 4096, readWrite | PROT_EXEC),
    trial("mprotect", "page", 4096, upperHalf + BigInt(PROT_EXEC)),
    trial("pkey_mprotect", "page", 4096, PROT_READ, -1),
  ]);

  killedTest("what was not allowed of host sockets: creating", openSockets, [
    trial("bind", noFd, "page", 2),
    trial("listen", noFd, 0),
    trial("accept4", noFd, 0, 0, O_NONBLOCK | O_CLOEXEC),
  ]);

  killedTest("what was not allowed of host sockets: opening", createSockets, [
    trial("connect", noFd, "page", 2),
    trial("setreuid", -1, -1),
    trial("setregid", -1, -1),
    trial("accept4", noFd, 0, 0, 0),
    trial("socket", AF_UNIX, SOCK_STREAM, 0),
    trial("socket", AF_UNIX, SOCK_STREAM | ownFlags, 1),
    trial("socket", 2, SOCK_STREAM | ownFlags, 0),
  ]);

  test("lets be what the rules say", async () => {
    const trials = [
      ...[F_GETFL, F_SETFL, F_SETOWN_EX, F_ADD_SEALS].map((command) => trial("fcntl", noFd, command, "page")),
      trial("fcntl", noFd, upperHalf + BigInt(F_GETFL)),
      trial("recvmsg", noFd, "page", MSG_DONTWAIT | MSG_CMSG_CLOEXEC),
      trial("sendmsg", noFd, "page", MSG_DONTWAIT | MSG_NOSIGNAL),
      trial("statx", closedFd, "page", AT_EMPTY_PATH, 0, "page"),
      trial("mknodat", closedFd, "page", S_IFREG, 0),
      trial("linkat", closedFd, "page", closedFd, "page", 0),
      trial("fgetxattr", closedFd, "page", "page", 0),
    ];
    const harmless = [
      trial("futex", "page", FUTEX_WAKE, 1, 0, 0, 0),
      trial("prctl", PR_SET_NAME, "page"),
      trial("tgkill", "own pid", "own pid", 0),
      trial("mprotect", "page", 0, readWrite),
    ];
    const results = await resultsOf(lisafs, [...trials, ...harmless]);
    const others: Readonly<Record<string, number>> = {
      mknodat: Errno.ENOENT,
      linkat: Errno.ENOENT,
      fgetxattr: Errno.ERANGE,
    };
    expect(results.slice(0, trials.length)).toEqual(trials.map(({ call }) => -(others[call] ?? Errno.EBADF)));
    expect(results.slice(trials.length)).toEqual(harmless.map(() => 0));
  });

  test("lets be what was allowed of host sockets", async () => {
    const types = [SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET];
    const sockets = types.map((type) => trial("socket", AF_UNIX, type | ownFlags, 0));
    const opening = [trial("connect", noFd, "page", 2), trial("setreuid", -1, -1), trial("setregid", -1, -1)];
    const creating = [
      trial("bind", noFd, "page", 2),
      trial("listen", noFd, 0),
      trial("accept4", noFd, 0, 0, O_NONBLOCK | O_CLOEXEC),
    ];
    const opened = await resultsOf(openSockets, [...sockets, ...opening]);
    expect(opened.slice(0, types.length).every((fd) => fd > 0)).toBe(true);
    expect(opened.slice(types.length)).toEqual([-Errno.EBADF, 0, 0]);
    const created = await resultsOf(createSockets, [...sockets, ...creating]);
    expect(created.slice(types.length)).toEqual(creating.map(() => -Errno.EBADF));
  });

  test("says that there is no clone3", async () => {
    expect(await resultsOf(lisafs, [trial("clone3", "page", 0)])).toEqual([-Errno.ENOSYS]);
  });

  test("refuses with directfs what the sandbox does by itself", async () => {
    const trials = [
      trial("mkdirat", closedFd, "page", 0),
      trial("unlinkat", closedFd, "page", 0),
      trial("getdents64", closedFd, "page", 0),
      trial("fgetxattr", closedFd, "page", "page", 0),
      trial("fallocate", closedFd, 0, 0, 0),
      trial("linkat", closedFd, "page", closedFd, "page", 0),
    ];
    expect(await resultsOf(directfs, trials)).toEqual(trials.map(() => -Errno.EPERM));
    expect(await resultsOf(lisafs, trials)).not.toContain(-Errno.EPERM);
  });

  test("allows what extensions ask for, but no executable memory", async () => {
    const all = String(2n ** 64n - 1n);
    const extraRules = [
      { call: "getppid", where: [], because: "a test" },
      { call: "mmap", where: [{ argument: 3, mask: all, value: String(MAP_SHARED) }], because: "a test" },
      { call: "pkey_mprotect", where: [], because: "a test" },
    ];
    const allowed = [
      trial("getppid"),
      trial("mmap", 0, 4096, readWrite, MAP_SHARED, closedFd, 0),
      trial("pkey_mprotect", "page", 0, readWrite, -1),
    ];
    const { lines, signal } = await runFiltered({ extraRules, trials: allowed });
    expect({ signal, returned: lines.length - 2 }).toEqual({ signal: undefined, returned: allowed.length });
    for (const refused of [
      trial("mmap", 0, 4096, PROT_EXEC, MAP_SHARED, closedFd, 0),
      trial("pkey_mprotect", "page", 4096, PROT_READ | PROT_EXEC, -1),
    ]) {
      expect(await runFiltered({ extraRules, trials: [refused] })).toMatchObject({
        signal: "SIGSYS",
        lines: ["filtered"],
      });
    }
  });

  test("is not made with a rule that libseccomp does not know", async () => {
    const extraRules = [{ call: "no_such_call", where: [], because: "a test" }];
    const { lines, status, stderr } = await runFiltered({ extraRules });
    expect({ lines, status }).toEqual({ lines: [""], status: 1 });
    expect(stderr).toContain("cannot install the seccomp filter: there is no system call no_such_call");
  });

  test(
    "lets the engine collect garbage, compile and start threads",
    async () => {
      const { lines, signal, status, stderr } = await runFiltered({ pressure: true });
      expect({ lines, signal, status, stderr }).toEqual({
        lines: ["filtered", "done"],
        signal: undefined,
        status: 0,
        stderr: "",
      });
    },
    secondsMax * 1000,
  );
});

describe("the filter's debug mode", () => {
  const debug = { BUN_GOFER_SECCOMP_DEBUG: "1" };
  const hex = (value: number): string => `0x${value.toString(16).padStart(16, "0")}`;

  test("names a call that was stopped, with its arguments", async () => {
    const { lines, signal, status, stderr } = await runFiltered({ trials: [trial("setns", 4660, 22136)] }, debug);
    expect({ lines, signal, status }).toEqual({
      lines: ["filtered"],
      signal: undefined,
      status: exitCodes.forbiddenCall,
    });
    const [zero, number] = [hex(0), hex(process.arch === "x64" ? 308 : 268)];
    expect(stderr).toBe(
      `bun-gofer: the filter stopped setns (arguments ${hex(4660)} ${hex(22136)} ${zero} ${zero} ${zero} ${zero}, number ${number})\n`,
    );
  });

  test("names a call of a helper thread", async () => {
    const { status, stderr } = await runFiltered({ trials: [trial("chroot", 0)], onHelperThread: true }, debug);
    expect(status).toBe(exitCodes.forbiddenCall);
    expect(stderr).toStartWith("bun-gofer: the filter stopped chroot (");
  });

  test("tells the number of a call that has no name", async () => {
    const { status, stderr } = await runFiltered({ trials: [trial(0x3fff_ffff)] }, debug);
    expect(status).toBe(exitCodes.forbiddenCall);
    expect(stderr).toStartWith("bun-gofer: the filter stopped an unknown call (");
    expect(stderr).toContain(`number ${hex(0x3fff_ffff)})`);
  });
});
