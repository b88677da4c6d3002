import { describe, expect, test } from "bun:test";
import { hasBits, isDescriptor, isInt, lacksBits, type SyscallRule } from "../../../../ffi/libseccomp.ts";
import { MAP_SHARED, PROT_EXEC, PROT_READ, PROT_WRITE } from "../../../../ffi/linux.ts";
import { withoutExecutableMemory } from "../../../../src/gofer/filter/executable-memory.ts";
import { rulesFor } from "../../../../src/gofer/filter/rules.ts";
import { reasonOf, successOf } from "../support/reason-of.ts";

const because = "a test";
const protection = 2;

/** The rules, restricted. Throws when they are refused. */
function restrict(...rules: readonly SyscallRule[]): readonly SyscallRule[] {
  return successOf(withoutExecutableMemory(rules));
}

function refusalOf(rule: SyscallRule): string {
  return reasonOf(withoutExecutableMemory([rule]));
}

describe("withoutExecutableMemory()", () => {
  for (const call of ["mmap", "mprotect", "pkey_mprotect"]) {
    test(`tests the protection in every rule for ${call}`, () => {
      const shared = isInt(3, MAP_SHARED);
      expect(restrict({ call, because }, { call, where: [shared], because })).toEqual([
        { call, where: [lacksBits(protection, PROT_EXEC)], because },
        { call, where: [shared, lacksBits(protection, PROT_EXEC)], because },
      ]);
    });

    test(`joins its test with one that a rule for ${call} has`, () => {
      const readable = { call, where: [hasBits(protection, PROT_READ)], because };
      const exact = { call, where: [isInt(protection, PROT_READ | PROT_WRITE)], because };
      expect(restrict(readable, exact)).toEqual([
        {
          call,
          where: [{ argument: protection, mask: BigInt(PROT_READ | PROT_EXEC), value: BigInt(PROT_READ) }],
          because,
        },
        exact,
      ]);
    });

    test(`refuses a rule for ${call} that wants executable memory`, () => {
      const rule = { call, where: [hasBits(protection, PROT_EXEC)], because };
      expect(refusalOf(rule)).toBe(`confinement: a rule would allow new executable memory by ${call} (a test)`);
    });

    test(`refuses a rule for ${call} with two tests of the protection`, () => {
      const rule = { call, where: [hasBits(protection, PROT_READ), isDescriptor(protection)], because };
      expect(refusalOf(rule)).toContain(call);
    });
  }

  for (const call of ["execve", "execveat", "personality", "shmat"]) {
    test(`refuses every rule for ${call}`, () => {
      expect(refusalOf({ call, because })).toContain(call);
      expect(refusalOf({ call, where: [isInt(0, 0)], because })).toContain(call);
    });
  }

  test("leaves other rules as they are", () => {
    const rule = { call: "openat", because };
    expect(restrict(rule)).toEqual([rule]);
  });

  test("takes all rules of the gofer itself", () => {
    const rules = rulesFor({ usesLisafs: true, hostUds: { open: true, create: true }, profilesCpu: true, pid: 1 });
    expect(restrict(...rules)).toHaveLength(rules.length);
  });
});
