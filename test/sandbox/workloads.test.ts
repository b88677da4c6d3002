import { describe, expect } from "bun:test";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { writeBundle } from "./support/bundle.ts";
import { callers } from "./support/caller.ts";
import { hostOutput } from "./support/host-command.ts";
import { dataPath, runscOutput } from "./support/runsc.ts";
import { sandboxTest } from "./support/sandbox-test.ts";
import type { Workspace } from "./support/workspace.ts";

const secondsMax = 120;

/**
 * Runs a script on the data path: in /data, a writable mount of the workspace's `data`, with /input a read-only mount
 * of its `input`. Temporary files lie in /data as well. Returns standard output.
 */
async function work(ws: Workspace, script: string): Promise<string> {
  const mounts = [
    { source: ws.makeDirectory("data"), destination: "/data" },
    { source: ws.makeDirectory("input"), destination: "/input", options: ["ro"] },
  ];
  ws.makeDirectory("data/temporary");
  const prelude = "set -e; cd /data; export HOME=/data/temporary TMPDIR=/data/temporary";
  const bundle = writeBundle(ws, { name: "bundle", script: `${prelude}\n${script}`, mounts });
  return await runscOutput(ws, dataPath, ["run", `--bundle=${bundle.directory}`, "work"], { secondsMax });
}

type FioReport = { readonly jobs: readonly { readonly error: number; readonly read: { readonly io_bytes: number } }[] };

function sha256(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

for (const caller of callers) {
  describe(`${caller.name}, on the data path`, () => {
    sandboxTest(
      "sqlite3: hundreds of transactions keep the database whole",
      { caller, programs: ["sqlite3"], secondsMax },
      async (ws) => {
        const transactions = 600;
        const insert = (id: number): string =>
          `BEGIN; INSERT INTO entry VALUES (${id}, hex(randomblob(100))); UPDATE total SET n = n + 1; COMMIT;`;
        const statements = Array.from({ length: transactions }, (_, id) => insert(id));
        const schema =
          "CREATE TABLE entry (id INTEGER PRIMARY KEY, text TEXT); CREATE TABLE total (n); INSERT INTO total VALUES (0);";
        ws.writeFile("input/transactions.sql", [schema, ...statements].join("\n"));
        const questions =
          "PRAGMA integrity_check; SELECT count(*), (SELECT n FROM total), sum(length(text)) FROM entry;";
        const answers = `ok\n${transactions}|${transactions}|${transactions * 200}\n`;
        const output = await work(
          ws,
          `for journal in delete wal; do
          sqlite3 $journal.db "PRAGMA journal_mode = $journal;" > /dev/null
          sqlite3 $journal.db < /input/transactions.sql
          sqlite3 $journal.db '${questions}'
        done`,
        );
        expect(output).toBe(answers + answers);
        for (const database of ["delete.db", "wal.db"]) {
          expect(hostOutput(ws, ["sqlite3", ws.path(`data/${database}`), questions])).toBe(answers);
        }
      },
    );

    sandboxTest(
      "git: a clone is complete, before and after it is repacked",
      { caller, programs: ["git"], secondsMax },
      async (ws) => {
        const commits = 150;
        const repository = ws.makeDirectory("input/repository");
        hostOutput(ws, ["git", "init", "--quiet", "--bare", "--initial-branch=main", repository]);
        hostOutput(ws, ["git", "-C", repository, "fast-import", "--quiet"], fastImportStream(commits));
        const head = hostOutput(ws, ["git", "-C", repository, "rev-parse", "main"]);
        const output = await work(
          ws,
          `git config --global safe.directory '*'
        git clone --quiet --no-local /input/repository clone
        cd clone
        git fsck --full --strict --no-progress
        git config user.name tester && git config user.email tester@example.org
        echo changed > directory-0/file-0 && git commit --quiet --all --message=change
        git gc --quiet --prune=now
        git fsck --full --strict --no-progress
        git rev-list --count HEAD
        git rev-parse HEAD~1
        git status --porcelain`,
        );
        expect(output).toBe(`${commits + 1}\n${head}`);
        const clone = ws.path("data/clone");
        hostOutput(ws, ["git", "-C", clone, "fsck", "--full", "--strict", "--no-progress"]);
        expect(hostOutput(ws, ["git", "-C", clone, "rev-parse", "HEAD~1"])).toBe(head);
        expect(hostOutput(ws, ["git", "-C", clone, "status", "--porcelain"])).toBe("");
        expect(readFileSync(join(clone, "directory-0/file-0"), "utf8")).toBe("changed\n");
      },
    );

    sandboxTest(
      "tar: a large tree comes through packing and unpacking unchanged",
      { caller, secondsMax },
      async (ws) => {
        const files = writeLargeTree(ws, "input/tree");
        const output = await work(
          ws,
          `tar -C /input/tree -cf tree.tar .
        mkdir tree && tar -C tree -xf tree.tar
        diff -r /input/tree tree
        find tree -type f | wc -l`,
        );
        expect(output.trim()).toBe(String(files));
        const unpackedOnHost = ws.makeDirectory("unpacked");
        hostOutput(ws, ["tar", "-C", unpackedOnHost, "-xpf", ws.path("data/tree.tar"), "--no-same-owner"]);
        for (const tree of [ws.path("data/tree"), unpackedOnHost]) {
          hostOutput(ws, ["diff", "-r", ws.path("input/tree"), tree]);
          expect(attributes(ws, tree)).toEqual(attributes(ws, ws.path("input/tree")));
        }
      },
    );

    sandboxTest(
      "gcc: a program compiled inside runs inside and on the host",
      { caller, programs: ["gcc"], secondsMax },
      async (ws) => {
        ws.writeFile("input/hello.c", '#include <stdio.h>\nint main(void) { puts("hello from C"); return 0; }\n');
        expect(await work(ws, "gcc -O1 -Wall -o hello /input/hello.c && ./hello")).toBe("hello from C\n");
        expect(hostOutput(ws, [ws.path("data/hello")])).toBe("hello from C\n");
        expect(readdirSync(ws.path("data/temporary"))).toEqual([]);
      },
    );

    for (const engine of ["psync", "mmap"]) {
      sandboxTest(
        `fio: what ${engine} writes at random verifies, inside and on the host`,
        { caller, programs: ["fio"], secondsMax },
        async (ws) => {
          const job = [
            "fio --name=job --filename=file --size=16m --rw=randwrite --bs=4k-64k --bs_unaligned=1 --verify=crc32c",
            `--verify_fatal=1 --ioengine=${engine} --randseed=7 --fsync=64 --thread --output-format=json --output=report`,
          ].join(" ");
          await work(ws, `${job}\nsha256sum < file > digest`);
          const report: FioReport = JSON.parse(readFileSync(ws.path("data/report"), "utf8"));
          expect(report.jobs.map(({ error }) => error)).toEqual([0]);
          // What was written was also read back, which is what verifies it.
          expect(report.jobs[0]?.read.io_bytes).toBeGreaterThan(1_000_000);
          expect(readFileSync(ws.path("data/digest"), "utf8")).toStartWith(sha256(ws.path("data/file")));
        },
      );
    }

    sandboxTest(
      "small files: thousands are created, found, renamed and removed",
      { caller, secondsMax },
      async (ws) => {
        const output = await work(
          ws,
          `count=2400
        mkdir made moved
        i=0; while [ $i -lt $count ]; do echo $i > made/$i; i=$((i + 1)); done
        stat -c %s made/* | sort -n | uniq -c | tr -s ' '
        ls made | wc -l
        mv made/* moved/
        rmdir made
        cat moved/* | sort -n | uniq | wc -l
        i=0; while [ $i -lt 200 ]; do mv moved/$i moved/renamed-$i; i=$((i + 1)); done
        rm moved/renamed-1* moved/2???
        ls moved | wc -l`,
        );
        // 111 of renamed-0 … renamed-199 start with a one; 400 of 200 … 2399 have four digits and start with a two.
        const left = 2400 - 111 - 400;
        expect(output).toBe(` 10 2\n 90 3\n 900 4\n 1400 5\n2400\n2400\n${left}\n`);
        const names = readdirSync(ws.path("data/moved"));
        expect(names.length).toBe(left);
        expect(names.filter((name) => readFileSync(ws.path(`data/moved/${name}`), "utf8") !== contentOf(name))).toEqual(
          [],
        );
      },
    );

    sandboxTest("several processes at once: none loses what another writes", { caller, secondsMax }, async (ws) => {
      const writers = 4;
      const linesEach = 100;
      const output = await work(
        ws,
        `writer() {
          mkdir $1
          i=0
          while [ $i -lt ${linesEach} ]; do
            echo "$1 $i" >> log
            echo $i > $1/draft && mv $1/draft $1/file-$i
            i=$((i + 1))
          done
        }
        for name in $(seq ${writers}); do writer $name & done
        wait
        sort log | uniq | wc -l
        ls [0-9] | grep -c file`,
      );
      expect(output).toBe(`${writers * linesEach}\n${writers * linesEach}\n`);
      const lines = readFileSync(ws.path("data/log"), "utf8").trimEnd().split("\n");
      const expected = Array.from(
        { length: writers * linesEach },
        (_, n) => `${1 + (n % writers)} ${Math.floor(n / writers)}`,
      );
      expect(lines.sort()).toEqual(expected.sort());
    });
  });
}

/** Kind, mode, size and whole minute of the modification time of all that is in a tree but directories, by name. */
function attributes(ws: Workspace, tree: string): string[] {
  const format = "%P %y %m %s %TY-%Tm-%TdT%TH:%TM\\n";
  return hostOutput(ws, ["find", tree, "!", "-type", "d", "-printf", format]).trimEnd().split("\n").sort();
}

function contentOf(name: string): string {
  return `${name.replace("renamed-", "")}\n`;
}

/** A history for git-fast-import(1): each commit changes three files, some large enough to be worth a delta. */
function fastImportStream(commits: number): string {
  const lines: string[] = [];
  for (let commit = 0; commit < commits; commit++) {
    lines.push("commit refs/heads/main", `committer tester <tester@example.org> ${1_700_000_000 + commit} +0000`);
    lines.push("data 0", "");
    for (const file of [0, commit % 7, commit % 40]) {
      const content = `commit ${commit}\n`.repeat(1 + (commit % 50) * 20);
      lines.push(`M 100644 inline directory-${file % 5}/file-${file}`, `data ${content.length}`, content);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** Writes about 64 MB in three levels of directories, and a link; returns the number of regular files. */
function writeLargeTree(ws: Workspace, name: string): number {
  const files = 1000;
  const largestBytes = 131_072;
  const filler = createHash("shake256", { outputLength: largestBytes / 2 })
    .update("large tree")
    .digest("hex");
  for (let file = 0; file < files; file++) {
    const path = `${name}/${file % 5}/${file % 10}/${file % 50}/file-${file}`;
    ws.writeFile(path, filler.slice(0, (file * 7919) % largestBytes), file % 3 === 0 ? 0o755 : 0o640);
  }
  ws.makeSymlink(`${name}/link`, "0/0/0/file-0");
  expect(statSync(ws.path(`${name}/0/0/0/file-0`)).isFile()).toBe(true);
  return files;
}
