import { type Attempt, StartFailure } from "./start-failure.ts";

/** How the value of one flag is read. Flags with T = boolean may stand without a value. */
export interface FlagType<T> {
  readonly initial: T;
  readonly isBoolean: boolean;
  /** The new value after `text` was given to a flag that had the value `before`. */
  read(text: string, before: T): Attempt<T>;
}

/** One flag as it stands on the command line: `-name`, `--name`, `--name=value`, `--name value`. */
export interface Flag {
  readonly name: string;
  /** undefined for a flag that stands alone. */
  readonly value: string | undefined;
  /** Whether name and value stand in one word, so that nobody can mistake where the value ends. */
  readonly assigned: boolean;
}

/** The flags up to the first word that is none, and all words from there on. */
export interface Words {
  readonly flags: readonly Flag[];
  readonly rest: readonly string[];
}

/** What a flag without `=` does with the next word: nothing, takes it for its value, or looks at it first. */
export type Arity = "alone" | "with value" | "unknown";

/**
 * Takes a command line apart as Go's flag package does: one or two dashes, `--` ends the flags, and so does the first word
 * that is none. A flag of unknown arity takes the next word unless that is a flag, `endWord`, or missing: nothing better can
 * be known of it. Source: FlagSet.parseOne in Go's flag package.
 */
export function splitFlags(
  words: readonly string[],
  arityOf: (name: string) => Arity,
  endWord?: string,
): Attempt<Words> {
  const flags: Flag[] = [];
  let index = 0;
  for (;;) {
    const word = words[index];
    if (word === undefined || word === "-" || !word.startsWith("-")) break;
    index++;
    if (word === "--") break;
    const body = word.slice(word.startsWith("--") ? 2 : 1);
    if (body === "" || body.startsWith("-") || body.startsWith("=")) return usage(`bad flag syntax: ${word}`);
    const equals = body.indexOf("=");
    if (equals > 0) {
      flags.push({ name: body.slice(0, equals), value: body.slice(equals + 1), assigned: true });
      continue;
    }
    const arity = arityOf(body);
    const next = words[index];
    if (arity === "with value" && next === undefined) return usage(`flag needs a value: ${word}`);
    const takesNext =
      arity === "with value" ||
      (arity === "unknown" && next !== undefined && !next.startsWith("-") && next !== endWord);
    if (takesNext) index++;
    flags.push({ name: body, value: takesNext ? next : undefined, assigned: false });
  }
  return { flags, rest: words.slice(index) };
}

/** The values of a table's flags. */
export type FlagValues<Table> = { -readonly [Name in keyof Table]: Table[Name] extends FlagType<infer T> ? T : never };

/** How the flags of `table` take their values. */
export function arityIn(table: object): (name: string) => Arity {
  const types = new Map<string, FlagType<unknown>>(Object.entries(table));
  return (name) => {
    const type = types.get(name);
    if (type === undefined) return "unknown";
    return type.isBoolean ? "alone" : "with value";
  };
}

/** The values that `flags` give to the flags of `table`, and the flags that are not in it, in order. */
export function readFlags<Table extends object>(
  table: Table,
  flags: readonly Flag[],
): Attempt<{ readonly values: FlagValues<Table>; readonly unknown: readonly Flag[] }> {
  const types = new Map<string, FlagType<unknown>>(Object.entries(table));
  const values = new Map<string, unknown>();
  for (const [name, type] of types) values.set(name, type.initial);
  const unknown: Flag[] = [];
  for (const flag of flags) {
    const type = types.get(flag.name);
    if (type === undefined) {
      unknown.push(flag);
      continue;
    }
    const value = type.read(flag.value ?? "true", values.get(flag.name));
    if (value instanceof StartFailure) return value.while(`invalid value "${flag.value}" for flag --${flag.name}`);
    values.set(flag.name, value);
  }
  return { values: Object.fromEntries(values) as FlagValues<Table>, unknown };
}

/** A mistake on the command line. */
export function usage(reason: string): StartFailure {
  return new StartFailure("usage", reason);
}
