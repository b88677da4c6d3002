import { describe, expect, test } from "bun:test";
import * as linux from "../../../ffi/linux.ts";
import { currentArchitecture, syscallNumbers } from "../../../ffi/machine.ts";
import { hasCompiler, outputOfC } from "../support/c-program.ts";

/** In the order of inclusion that keeps them from clashing. */
const headers = [
  "dirent.h",
  "fcntl.h",
  "poll.h",
  "sched.h",
  "signal.h",
  "time.h",
  "sys/epoll.h",
  "sys/eventfd.h",
  "sys/mman.h",
  "sys/mount.h",
  "sys/prctl.h",
  "sys/resource.h",
  "sys/socket.h",
  "sys/stat.h",
  "sys/statvfs.h",
  "sys/un.h",
  "sys/wait.h",
  "linux/capability.h",
  "linux/futex.h",
  "linux/limits.h",
  "linux/magic.h",
  "linux/openat2.h",
];

/** Not in the C library's headers, or not in all versions of the kernel's. */
const notInHeaders: Readonly<Record<string, number>> = {
  F_OWNER_TID: 0,
  FUTEX2_SIZE_U32: 2,
  SA_RESTORER: 0x04000000,
  UNIX_PATH_MAX: 108,
};

function isNumber(entry: readonly [string, unknown]): entry is readonly [string, number] {
  return typeof entry[1] === "number";
}

describe.skipIf(!hasCompiler)("the numbers of the kernel's interface", () => {
  test("constants are those of the C headers", () => {
    const ours = Object.entries(linux).filter(isNumber);
    const preamble = headers.map((header) => `#include <${header}>`).join("\n");
    const main = ours
      .map(([name]) => `#ifdef ${name}\nprintf("${name} %lld\\n", (long long)${name});\n#endif`)
      .join("\n");
    const known = new Map(
      outputOfC(preamble, main)
        .trim()
        .split("\n")
        .map((line) => line.split(" "))
        .map(([name, value]) => [name ?? "", Number(value)]),
    );
    const wrong = ours.filter(([name, value]) => (known.get(name) ?? notInHeaders[name]) !== value);
    expect(wrong).toEqual([]);
  });

  test("system calls have the numbers of the C headers on this architecture", () => {
    const index = currentArchitecture() === "x64" ? 0 : 1;
    const names = Object.keys(syscallNumbers);
    const main = names.map((name) => `#ifdef SYS_${name}\nprintf("${name} %d\\n", SYS_${name});\n#endif`).join("\n");
    const known = outputOfC("#include <sys/syscall.h>", main).trim().split("\n");
    expect(known).toEqual(expect.arrayContaining([`openat ${syscallNumbers.openat[index]}`]));
    const ours = new Set(Object.entries(syscallNumbers).map(([name, numbers]) => `${name} ${numbers[index]}`));
    expect(known.filter((line) => !ours.has(line))).toEqual([]);
  });

  test("system calls have the numbers of the generic table on arm64", () => {
    const wanted = ["RENAMEAT", "NEW_STAT", "SET_GET_RLIMIT", "TIME32_SYSCALLS", "SYS_CLONE3", "MEMFD_SECRET"];
    const preamble = `${wanted.map((name) => `#define __ARCH_WANT_${name}`).join("\n")}\n#include <asm-generic/unistd.h>`;
    // The generic table has its own names for some of the calls.
    const genericNames: Readonly<Record<string, string>> = { newfstatat: "fstatat" };
    const main = Object.keys(syscallNumbers).flatMap((name) =>
      [name, genericNames[name] ?? name].map((known) =>
        [`__NR_${known}`, `__NR3264_${known}`]
          .map((macro) => `#ifdef ${macro}\nprintf("${name} %d\\n", ${macro});\n#endif`)
          .join("\n"),
      ),
    );
    const known = outputOfC(preamble, main.join("\n")).trim().split("\n");
    const ours = new Set(Object.entries(syscallNumbers).map(([name, [, number]]) => `${name} ${number}`));
    expect(known.filter((line) => !ours.has(line))).toEqual([]);
    expect(new Set(known).size).toBeGreaterThan(60);
  });
});
