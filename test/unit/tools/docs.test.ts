import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { usageLine } from "../../../src/cli/help.ts";
import { exitCodes } from "../../../src/gofer/exit-codes.ts";

const root = resolve(import.meta.dir, "../../..");
const userGuide = "docs/user-guide.md";

/** First components of absolute paths that a document may name: what every Linux has, and what examples mount or leave open. */
const knownTopDirectories: ReadonlySet<string> = new Set([
  "data",
  "dev",
  "etc",
  "input",
  "output",
  "path",
  "proc",
  "usr",
  "var",
]);

interface Document {
  readonly file: string;
  readonly text: string;
}

const documents: readonly Document[] = ["*.md", "docs/*.md"]
  .flatMap((pattern) => [...new Bun.Glob(pattern).scanSync({ cwd: root })])
  .sort()
  .map((file) => ({ file, text: readFileSync(join(root, file), "utf8") }));

/** What a reader may type: fenced and indented blocks and inline code, one piece a line, without a shell's comments. */
function codeOf(text: string): string[] {
  const blocks = [...text.matchAll(/^```\w*\n(.*?)^```/gms)].map(([, block = ""]) => block);
  const indented = [...text.matchAll(/^ {4}.*$/gm)].map(([line]) => line);
  const inline = [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
  const lines = [...blocks, ...indented, ...inline].join("\n").split("\n");
  return lines.map((line) => line.replace(/\s#\s.*$/, ""));
}

/** The first group of every match of `pattern` in the code of all documents, each with its document in front. */
function inCode(pattern: RegExp): string[] {
  return documents.flatMap(({ file, text }) =>
    codeOf(text).flatMap((code) => [...code.matchAll(pattern)].map(([, found = ""]) => `${file}: ${found}`)),
  );
}

function withoutKnown(found: readonly string[], known: ReadonlySet<string>): string[] {
  return found.filter((entry) => !known.has(entry.slice(entry.indexOf(": ") + 2)));
}

describe("the documents", () => {
  test("are those that the README sends its reader to", () => {
    expect(documents.map(({ file }) => file)).toEqual(
      expect.arrayContaining(["ARCHITECTURE.md", "README.md", "docs/security.md", "docs/semantics.md", userGuide]),
    );
  });

  test("link to files that exist", () => {
    const links = documents.flatMap(({ file, text }) =>
      [...text.matchAll(/\]\(([^)\s#]+)(#[^)\s]*)?\)/g)].map(([, target = ""]) => ({ file, target })),
    );
    const relative = links.filter(({ target }) => !target.includes("://"));
    expect(relative.length).toBeGreaterThan(5);
    expect(relative.filter(({ file, target }) => !existsSync(join(root, dirname(file), target)))).toEqual([]);
  });

  test("name files of the source tree that exist", () => {
    const named = inCode(/(?<![\w./-])((?:src|ffi|test|scripts|runsc)\/[\w./-]+\.(?:ts|go|sh))/g);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((entry) => !existsSync(join(root, entry.slice(entry.indexOf(": ") + 2))))).toEqual([]);
  });

  test("name make targets that exist", () => {
    const makefile = readFileSync(join(root, "Makefile"), "utf8");
    const targets = new Set([...makefile.matchAll(/^([a-z-]+):/gm)].map(([, target = ""]) => target));
    const named = inCode(/(?:^|\s)make ([a-z][\w-]*)/g);
    expect(named.length).toBeGreaterThan(2);
    expect(withoutKnown(named, targets)).toEqual([]);
  });

  test("name subcommands of bun-gofer that exist", () => {
    const commands = new Set((/[a-z]+(\|[a-z]+)+/.exec(usageLine)?.[0] ?? "").split("|"));
    const named = inCode(/(?:^|[\s/])bun-gofer ([a-z][\w-]*)/g);
    expect(named.length).toBeGreaterThan(2);
    expect(withoutKnown(named, commands)).toEqual([]);
  });

  test("name no path of the machine that they were written on", () => {
    expect(documents.filter(({ text }) => text.includes(`${root}/`)).map(({ file }) => file)).toEqual([]);
    expect(withoutKnown(inCode(/(?:^|[\s"'=(:])\/([\w.-]+)/g), knownTopDirectories)).toEqual([]);
  });
});

describe("the user guide", () => {
  const guide = documents.find(({ file }) => file === userGuide)?.text ?? "";

  test("lists each exit status of the gofer with its name, and no other", () => {
    const rows = [...guide.matchAll(/^\| (\d+) \| `(\w+)` \|/gm)].map(([, status, name = ""]) => [
      name,
      Number(status),
    ]);
    expect(Object.fromEntries(rows)).toEqual(exitCodes);
    expect(rows).toHaveLength(Object.keys(exitCodes).length);
  });
});
