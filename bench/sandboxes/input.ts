import { hostOutput } from "../../test/sandbox/support/host-command.ts";
import type { Workspace } from "../../test/sandbox/support/workspace.ts";

const treeFiles = 4000;
const commits = 300;
const transactions = 300;
const packages = 40;
const filesOfPackage = 25;
const sources = 20;

/** Makes what the workloads read, below `input` of the workspace; gives its path. */
export function makeInput(workspace: Workspace): string {
  const input = workspace.makeDirectory("input");
  for (let file = 0; file < treeFiles; file++) {
    workspace.writeFile(`input/tree/${file % 20}/${file % 100}/file-${file}`, textOf(file, 40 + ((file * 37) % 160)));
  }
  hostOutput(workspace, ["tar", "-C", "input/tree", "-cf", "input/tree.tar", "."]);
  hostOutput(workspace, ["git", "init", "--quiet", "--bare", "--initial-branch=main", "input/repository"]);
  hostOutput(workspace, ["git", "-C", "input/repository", "fast-import", "--quiet"], historyOf(commits));
  workspace.writeFile("input/transactions.sql", transactionsOf(transactions));
  makePackages(workspace);
  for (let source = 0; source < sources; source++) {
    workspace.writeFile(`input/sources/part${source}.c`, sourceOf(source));
  }
  return input;
}

function makePackages(workspace: Workspace): void {
  workspace.makeDirectory("input/packages");
  for (let number = 0; number < packages; number++) {
    const unpacked = `unpacked/package-${number}`;
    for (let file = 0; file < filesOfPackage; file++) {
      workspace.writeFile(`${unpacked}/lib/${file % 4}/module-${file}.js`, textOf(number * file, 20 + file));
    }
    hostOutput(workspace, ["tar", "-C", unpacked, "-czf", `input/packages/package-${number}.tgz`, "."]);
  }
}

function textOf(seed: number, lines: number): string {
  return Array.from({ length: lines }, (_, line) => `line ${line} of ${seed * 7919 + line}\n`).join("");
}

/** A history for git-fast-import(1). */
function historyOf(count: number): string {
  const lines: string[] = [];
  for (let commit = 0; commit < count; commit++) {
    lines.push("commit refs/heads/main", `committer bench <bench@example.org> ${1_700_000_000 + commit} +0000`);
    lines.push("data 0", "");
    for (const file of [0, commit % 7, commit % 40]) {
      const content = textOf(commit, 1 + (commit % 50) * 20);
      lines.push(`M 100644 inline directory-${file % 5}/file-${file}`, `data ${content.length}`, content);
    }
  }
  return `${lines.join("\n")}\n`;
}

function transactionsOf(count: number): string {
  const inserts = Array.from(
    { length: count },
    (_, id) => `BEGIN; INSERT INTO entry VALUES (${id}, hex(randomblob(100))); COMMIT;`,
  );
  return ["CREATE TABLE entry (id INTEGER PRIMARY KEY, text TEXT);", ...inserts].join("\n");
}

function sourceOf(number: number): string {
  const headers = ["stdio", "stdlib", "string", "unistd"].map((name) => `#include <${name}.h>`).join("\n");
  const body =
    number === 0 ? 'int main(void) { puts("done"); return 0; }' : `int part${number}(int x) { return x * ${number}; }`;
  return `${headers}\n${body}\n`;
}
