import type { SyscallRule } from "../../../ffi/libseccomp.ts";
import { PROT_EXEC } from "../../../ffi/linux.ts";
import { type Attempt, StartFailure } from "../start-failure.ts";

/** Calls that can make memory executable, and which of their arguments says so. */
const protectionArguments: ReadonlyMap<string, number> = new Map([
  ["mmap", 2],
  ["mprotect", 2],
  ["pkey_mprotect", 2],
]);

/** Calls that make memory executable by other means, or lift the difference, and that no rule may therefore allow. */
const refusedCalls: ReadonlySet<string> = new Set(["execve", "execveat", "personality", "shmat"]);

const executable = BigInt(PROT_EXEC);

/**
 * The rules with one more test in each that could allow new executable memory. libseccomp has no order among rules, and what
 * is forbidden by default cannot be forbidden by a rule: so each that allows must itself say no.
 * Source: DenyNewExecMappings in pkg/seccomp/seccomp_rules.go.
 */
export function withoutExecutableMemory(rules: readonly SyscallRule[]): Attempt<readonly SyscallRule[]> {
  const restricted: SyscallRule[] = [];
  for (const rule of rules) {
    const result = restrict(rule);
    if (result instanceof StartFailure) return result;
    restricted.push(result);
  }
  return restricted;
}

function restrict(rule: SyscallRule): Attempt<SyscallRule> {
  const { call, where = [], because } = rule;
  if (refusedCalls.has(call)) return refusal(rule);
  const argument = protectionArguments.get(call);
  if (argument === undefined) return rule;
  const others = where.filter((test) => test.argument !== argument);
  const [test, ...more] = where.filter((test) => test.argument === argument);
  // libseccomp takes one test of an argument in a rule: ours has to become part of it.
  if (more.length > 0 || (test !== undefined && (test.value & executable) !== 0n)) return refusal(rule);
  const combined = { argument, mask: (test?.mask ?? 0n) | executable, value: test?.value ?? 0n };
  return { call, where: [...others, combined], because };
}

function refusal({ call, because }: SyscallRule): StartFailure {
  return new StartFailure("confinement", `a rule would allow new executable memory by ${call} (${because})`);
}
