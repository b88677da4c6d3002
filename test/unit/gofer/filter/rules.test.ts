import { describe, expect, test } from "bun:test";
import { Errno } from "../../../../ffi/errno.ts";
import { Libseccomp, SeccompFailure } from "../../../../ffi/libseccomp.ts";
import { type FilterMode, refusalsFor, rulesFor } from "../../../../src/gofer/filter/rules.ts";

const pid = 4711;

/** What the stock gofer's filter allows, by part. Source: runsc/fsgofer/filter/config/config_main.go and config_amd64.go. */
const stock = {
  always: `accept clock_gettime clone close dup epoll_ctl epoll_pwait eventfd2 exit exit_group fchmod fchmodat fchownat fcntl
    fsync futex getcpu getpid getrandom gettid gettimeofday lgetxattr llistxattr lremovexattr lseek lsetxattr madvise
    memfd_create mmap mprotect munmap nanosleep newfstatat openat openat2 ppoll prctl pread64 pwrite64 read recvmsg
    restart_syscall rt_sigaction rt_sigprocmask rt_sigreturn sched_getaffinity sched_yield sendmsg shutdown sigaltstack
    socketpair statx tgkill write`,
  lisafs: `fallocate fgetxattr flistxattr fremovexattr fsetxattr fstatfs ftruncate getdents64 linkat mkdirat mknodat
    readlinkat renameat2 symlinkat unlinkat utimensat`,
  socketsOpen: "connect setregid setreuid socket",
  socketsCreate: "accept4 bind listen socket",
};

/** Calls that ours allows beyond, in every mode. */
const beyondAlways = "brk epoll_create1 epoll_pwait2 fchdir fstat futex_waitv rseq set_robust_list";

/** Calls that ours does not allow. */
const fewerAlways = "accept dup eventfd2 getcpu gettimeofday nanosleep shutdown sigaltstack";

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

function mode(usesLisafs: boolean, open: boolean, create: boolean): FilterMode {
  return { usesLisafs, hostUds: { open, create }, profilesCpu: false, pid };
}

function stockIn({ usesLisafs, hostUds }: FilterMode): Set<string> {
  return new Set([
    ...words(stock.always),
    ...(usesLisafs ? words(stock.lisafs) : []),
    ...(hostUds.open ? words(stock.socketsOpen) : []),
    ...(hostUds.create ? words(stock.socketsCreate) : []),
  ]);
}

function callsIn(filterMode: FilterMode): Set<string> {
  return new Set(rulesFor(filterMode).map(({ call }) => call));
}

const booleans = [false, true];
const modes = booleans.flatMap((usesLisafs) =>
  booleans.flatMap((open) => booleans.map((create) => mode(usesLisafs, open, create))),
);
const everything = rulesFor({ ...mode(true, true, true), profilesCpu: true });

async function load(): Promise<Libseccomp> {
  const library = await Libseccomp.load();
  if (library instanceof SeccompFailure) throw new Error(library.reason);
  return library;
}

describe("the rules of the filter", () => {
  for (const each of modes) {
    const { usesLisafs, hostUds } = each;
    const name = `${usesLisafs ? "lisafs" : "directfs"}, open ${hostUds.open}, create ${hostUds.create}`;
    test(`allow what the stock gofer's do, but for what is listed here: ${name}`, () => {
      const beyond = words(beyondAlways);
      // Channels, should a client of directfs ask for any; and sockets' files that could not be created in full.
      if (!usesLisafs) beyond.push("ftruncate", ...(hostUds.create ? ["unlinkat"] : []));
      const ours = callsIn(each);
      const theirs = stockIn(each);
      expect([...ours.difference(theirs)].sort()).toEqual(beyond.sort());
      expect([...theirs.difference(ours)].sort()).toEqual(words(fewerAlways));
    });
  }

  test("have a reason each, and tests of different arguments", () => {
    for (const { because, where = [] } of everything) {
      expect(because).toMatch(/^\S.{3,}\S$/);
      const tested = where.map(({ argument }) => argument);
      expect(new Set(tested).size).toBe(tested.length);
      for (const { argument, mask, value } of where) {
        expect(argument).toBeWithin(0, 6);
        expect(value & ~mask).toBe(0n);
      }
    }
  });

  test("are there once each", () => {
    const texts = everything.map(({ call, where = [] }) =>
      [call, ...where.map(({ argument, mask, value }) => `${argument}:${mask}:${value}`)].join(" "),
    );
    const calls = everything.filter(({ where }) => where === undefined).map(({ call }) => call);
    const repeated = texts.filter((text, index) => texts.indexOf(text) !== index);
    // What the runtime and the server both wait with, and what is both taken away after a failure and asked for.
    expect(repeated.sort()).toEqual(["epoll_pwait", "unlinkat"]);
    const bothWays = everything.filter(({ call, where }) => where !== undefined && calls.includes(call));
    expect(bothWays).toEqual([]);
  });

  test("name calls that libseccomp knows", async () => {
    using library = await load();
    const unknown = everything.filter(({ call }) => library.numberOf(call) === undefined);
    expect(unknown).toEqual([]);
  });

  test("let signals go to the process itself alone", () => {
    const [signal, ...others] = rulesFor(mode(true, false, false)).filter(({ call }) => call.endsWith("kill"));
    expect(others).toEqual([]);
    expect(signal).toMatchObject({ call: "tgkill", where: [{ argument: 0, mask: 0xffff_ffffn, value: BigInt(pid) }] });
  });
});

describe("the calls that fail", () => {
  test("are clone3 alone where files are served by lisafs", () => {
    expect(refusalsFor(rulesFor(mode(true, true, true)))).toEqual([{ call: "clone3", errno: Errno.ENOSYS }]);
  });

  test("are those of lisafs as well where the sandbox works on files by itself", () => {
    const refused = refusalsFor(rulesFor(mode(false, false, false))).filter(({ errno }) => errno === Errno.EPERM);
    const wanted = words(stock.lisafs).filter((call) => call !== "ftruncate");
    expect(refused.map(({ call }) => call).sort()).toEqual(wanted);
  });

  test("are none that a rule allows", () => {
    const rules = [...rulesFor(mode(false, false, false)), { call: "mkdirat", because: "an extension asks for it" }];
    expect(refusalsFor(rules).map(({ call }) => call)).not.toContain("mkdirat");
  });
});
