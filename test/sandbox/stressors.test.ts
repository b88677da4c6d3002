import { describe, expect } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { writeBundle } from "./support/bundle.ts";
import { root } from "./support/caller.ts";
import { hostOutput } from "./support/host-command.ts";
import { dataPath, runscOutput } from "./support/runsc.ts";
import { sandboxTest } from "./support/sandbox-test.ts";
import type { Workspace } from "./support/workspace.ts";

const secondsMax = 90;

/** Runs a script on the data path: in /data, a writable mount of the workspace's `data`. Returns standard output. */
async function work(ws: Workspace, script: string): Promise<string> {
  const mounts = [{ source: ws.makeDirectory("data"), destination: "/data" }];
  const bundle = writeBundle(ws, { name: "bundle", script: `set -e; cd /data\n${script}`, mounts });
  return await runscOutput(ws, dataPath, ["run", `--bundle=${bundle.directory}`, "work"], { secondsMax });
}

/** Those of stress-ng's file stressors that pass on a stock gofer and check what they do, or change much at once. */
const stressors = [
  "access",
  "chmod",
  "chown",
  "copy-file",
  "dentry",
  "dir",
  "dirdeep",
  "fallocate",
  "fcntl",
  "filename",
  "flock",
  "fpunch",
  "fstat",
  "getdent",
  "hdd",
  "iomix",
  "link",
  "lockf",
  "mknod",
  "rename",
  "seek",
  "symlink",
  "touch",
  "utime",
  "xattr",
];
/** Rounds that a stressor may do, and seconds that it may take for them: whichever is over first. */
const stressorRoundsMax = 50;
const stressorSecondsMax = 2;

const markedFiles = 500;
const markedFileBytes = 10_240;

const postmarkScript = [
  "set location files",
  "set number 300",
  "set transactions 1000",
  "set seed 5",
  "set size 100 40000",
  "set subdirectories 5",
  "run report",
  "quit",
];

const dbenchSeconds = 3;

/** Prints the checksum and the name of each file below a directory, in order; for the shell inside and outside. */
function listingOf(directory: string): string {
  return `find ${directory} -type f -exec sha256sum {} + | sort -k 2`;
}

describe("root, on the data path", () => {
  sandboxTest(
    "stress-ng: no file stressor finds anything wrong",
    { caller: root, programs: ["stress-ng"], secondsMax },
    async (ws) => {
      const options = `--temp-path . --timeout ${stressorSecondsMax} --verify --metrics-brief --log-brief`;
      await work(
        ws,
        `for name in ${stressors.join(" ")}; do
          stress-ng --$name 1 --$name-ops ${stressorRoundsMax} ${options} --yaml $name.yaml
        done`,
      );
      const idle = stressors.filter((name) => roundsIn(readFileSync(ws.path(`data/${name}.yaml`), "utf8"), name) === 0);
      expect(idle).toEqual([]);
      expect(readdirSync(ws.path("data")).sort()).toEqual(stressors.map((name) => `${name}.yaml`).sort());
    },
  );

  sandboxTest(
    "fs_mark: each of many synced files is on the host as it was written",
    { caller: root, programs: ["fs_mark"], secondsMax },
    async (ws) => {
      const threads = 2;
      const count = `-n ${markedFiles / threads} -t ${threads} -D 5 -N 50`;
      const listing = listingOf("files");
      const output = await work(
        ws,
        `mkdir files; fs_mark -d files -k -S 1 -s ${markedFileBytes} ${count} -l log > /dev/null; ${listing}`,
      );
      expect(output.trimEnd().split("\n")).toHaveLength(markedFiles);
      expect(hostOutput(ws, ["sh", "-c", `cd data; ${listing}`])).toBe(output);
      const sizes = hostOutput(ws, ["find", "data/files", "-type", "f", "-printf", "%s\\n"]).trimEnd().split("\n");
      expect(new Set(sizes)).toEqual(new Set([String(markedFileBytes)]));
    },
  );

  sandboxTest(
    "postmark: counts what it counts on the host, and leaves nothing",
    { caller: root, programs: ["postmark"], secondsMax },
    async (ws) => {
      ws.writeFile("data/script", `${postmarkScript.join("\n")}\n`);
      ws.writeFile("host/script", `${postmarkScript.join("\n")}\n`);
      ws.makeDirectory("host/files");
      await work(ws, "mkdir files; postmark script > /dev/null");
      hostOutput(ws, ["sh", "-c", "cd host && postmark script > /dev/null"]);
      const counts = countsOfPostmark(readFileSync(ws.path("data/report"), "utf8"));
      expect(counts.length).toBeGreaterThan(5);
      expect(counts).toEqual(countsOfPostmark(readFileSync(ws.path("host/report"), "utf8")));
      expect(readdirSync(ws.path("data/files"))).toEqual([]);
    },
  );

  sandboxTest(
    "dbench: what clients leave is on the host as the sandbox sees it",
    { caller: root, programs: ["dbench"], secondsMax },
    async (ws) => {
      const clients = 2;
      const options = `-c /usr/share/dbench/client.txt -t ${dbenchSeconds} --skip-cleanup -D .`;
      const listing = listingOf("clients");
      // gVisor's semop(2) fails now and then when the semaphore that it waits for goes at the moment it is woken.
      const output = await work(
        ws,
        `until dbench ${options} ${clients} > log 2>&1; do
          grep -q 'failed to use the barrier semaphore' log || { cat log; exit 1; }
          rm -rf clients
        done
        ${listing}`,
      );
      expect(readFileSync(ws.path("data/log"), "utf8")).toMatch(/^Throughput [\d.]+ MB\/sec {2}2 clients/m);
      expect(output.trimEnd().split("\n").length).toBeGreaterThan(clients);
      expect(hostOutput(ws, ["sh", "-c", `cd data; ${listing}`])).toBe(output);
    },
  );
});

/** How many rounds stress-ng's report says that a stressor has done; 0 when it does not tell of it. */
function roundsIn(report: string, stressor: string): number {
  return Number(new RegExp(`- stressor: ${stressor}\\n\\s*bogo-ops: (\\d+)`).exec(report)?.[1] ?? 0);
}

/** The numbers of files and megabytes in postmark's report, without the rates behind them. */
function countsOfPostmark(report: string): string[] {
  return report.match(/[\d.]+ (?:created|files|read|appended|deleted|megabytes \w+)(?= \()/g) ?? [];
}
