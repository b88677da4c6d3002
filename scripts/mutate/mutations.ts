/** A rule of the code, changed: which file, where, and what stands there now and would instead. */
export interface Mutation {
  readonly file: string;
  readonly line: number;
  readonly kind: string;
  readonly before: string;
  readonly after: string;
}

interface Operator {
  readonly kind: string;
  /** Matches what may be changed in one line. */
  readonly pattern: RegExp;
  /** What to put in its place; undefined to leave this match alone. */
  replace(match: RegExpMatchArray): string | undefined;
}

const otherErrno: Readonly<Record<string, string>> = {
  EBADF: "EINVAL",
  EINVAL: "EIO",
  EIO: "EINVAL",
  ENOENT: "EIO",
  ENOTDIR: "EINVAL",
  EISDIR: "EINVAL",
  EPERM: "EINVAL",
  EROFS: "EPERM",
  EOPNOTSUPP: "EINVAL",
  ENOBUFS: "EIO",
  ENOMEM: "EIO",
  ENOTSOCK: "EINVAL",
  ENXIO: "EINVAL",
  EREMOTEIO: "EIO",
};

const otherLock: Readonly<Record<string, string>> = { none: "read", read: "write", write: "read", global: "write" };

const otherComparison: Readonly<Record<string, string>> = {
  "===": "!==",
  "!==": "===",
  "<": "<=",
  ">": ">=",
  "<=": "<",
  ">=": ">",
};

const operators: readonly Operator[] = [
  {
    kind: "another errno",
    pattern: /Errno\.([A-Z]+)/g,
    replace: ([, name = ""]) => (otherErrno[name] === undefined ? undefined : `Errno.${otherErrno[name]}`),
  },
  {
    kind: "a check dropped",
    pattern: /^( *)if \(.*\) return .*(?:fail\(|Errno|refus|undefined|false|0).*;$/g,
    replace: ([, indent = ""]) => `${indent};`,
  },
  {
    kind: "read-only refusal",
    pattern: /mutates: (true|false)/g,
    replace: ([, value]) => `mutates: ${value === "true" ? "false" : "true"}`,
  },
  {
    kind: "another lock",
    pattern: /lock: "(none|read|write|global)"/g,
    replace: ([, lock = ""]) => `lock: "${otherLock[lock]}"`,
  },
  {
    kind: "a flag dropped",
    pattern: / \| ([OS]_[A-Z]+|AT_[A-Z_]+|safeOpenFlags)/g,
    replace: () => "",
  },
  {
    kind: "another offset",
    pattern: /\bat \+ (\d+)\b/g,
    replace: ([, offset = "0"]) => `at + ${Number(offset) + 4}`,
  },
  {
    kind: "another comparison",
    pattern: / (===|!==|<=|>=|<|>) /g,
    replace: ([, operator = ""]) => ` ${otherComparison[operator]} `,
  },
  {
    kind: "the other answer",
    pattern: /\b(readonly|directory): true\b/g,
    replace: ([, name]) => `${name}: false as never`,
  },
];

const ignoredLine = /^\s*(\*|\/\/|\/\*|import |export type|type )/;

/** Every mutation that the operators find in a file's text. */
export function mutationsOf(file: string, text: string): readonly Mutation[] {
  const found: Mutation[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (ignoredLine.test(line)) continue;
    for (const { kind, pattern, replace } of operators) {
      for (const match of line.matchAll(pattern)) {
        const replacement = replace(match);
        if (replacement === undefined) continue;
        const after = line.slice(0, match.index) + replacement + line.slice(match.index + match[0].length);
        found.push({ file, line: index + 1, kind, before: line.trim(), after: after.trim() });
      }
    }
  }
  return found;
}

/** The text with the mutation made. */
export function mutate(text: string, { line, before, after }: Mutation): string {
  const lines = text.split("\n");
  const original = lines[line - 1] ?? "";
  lines[line - 1] = original.replace(before, () => after);
  return lines.join("\n");
}
