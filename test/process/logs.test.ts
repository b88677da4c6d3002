import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { byteStringOf } from "../../ffi/byte-string.ts";
import { O_RDWR } from "../../ffi/linux.ts";
import { type LogFormat, logFormats } from "../../src/log/log-format.ts";
import { ChannelClient } from "../unit/support/channel-client.ts";
import { frame } from "../unit/support/frame-server.ts";
import type { Container } from "./support/container.ts";
import type { GoferOptions, GoferProcess } from "./support/gofer-process.ts";
import { processTest } from "./support/process-test.ts";

const dataMount = { destination: "/data", type: "bind", source: "data" };
const stock = resolve(import.meta.dir, "../../dist/runsc-stock");

function optionsFor(container: Container, ...globalFlags: readonly string[]): GoferOptions {
  const mountConfs = "lisafs:none,lisafs:none";
  return { spec: container.spec([dataMount]), mountConfs, globalFlags: ["--directfs=false", ...globalFlags] };
}

/** Lets a client read and write a little, on the socket and on a channel, and ends the gofer. */
async function useAndEnd(gofer: GoferProcess): Promise<string> {
  gofer.synchronize();
  gofer.readMounts();
  const client = gofer.mounted(1);
  const root = client.expect("mount", undefined).root.controlFd;
  client.expect("walk", { dirFd: root, path: [byteStringOf("no\nsuch\x1b[2J")] });
  const [file] = client.expect("walk", { dirFd: root, path: [byteStringOf("file")] }).inodes;
  if (file === undefined) throw new Error("there is no file");
  const { openFd: fd } = client.expect("openAt", { fd: file.controlFd, flags: O_RDWR });
  client.expect("pRead", { fd, offset: 0n, count: 4 });
  {
    using channel = ChannelClient.open(client);
    expect(channel.call("fStat", { fd: file.controlFd })).not.toBeString();
  }
  return (await gofer.end()).debugLog;
}

describe("tracing of messages", () => {
  processTest("is there with --debug and --strace, a line for each request and reply", async ({ container, start }) => {
    container.write("data/file", "secret");
    const log = await useAndEnd(start(optionsFor(container, "--debug", "--strace")));
    const lines = log.split("\n").filter((line) => line.includes("] recv [") || line.includes("] send ["));
    expect(lines.map((line) => line.slice(line.indexOf("] ") + 2))).toEqual(
      expect.arrayContaining([
        'recv ["/data" socket] mount()',
        'recv ["/data" socket] walk(dirFd=2 path=["no\\x0asuch\\x1b[2J"])',
        'send ["/data" socket] walk -> status=1 inodes=[]',
        expect.stringMatching(/^send \["\/data" socket\] openAt -> openFd=\d+$/),
        expect.stringMatching(/^recv \["\/data" socket\] pRead\(offset=0 fd=\d+ count=4\)$/),
        'send ["/data" socket] pRead -> placed=4',
        expect.stringMatching(/^recv \["\/data" channel 0\] fStat\(fd=\d+\)$/),
        expect.stringMatching(/^send \["\/data" channel 0\] fStat -> mode=0o100644 /),
      ]),
    );
    expect(log).not.toContain("secret");
    expect(log).toMatch(/^[\x20-\x7e\n…]*$/);
  });

  for (const flags of [["--debug"], ["--strace"], ["--debug", "--strace", "--debug-command=boot"]]) {
    processTest(`is not there with ${flags.join(" ")}`, async ({ container, start }) => {
      const log = await useAndEnd(start(optionsFor(container, ...flags)));
      expect(log).toContain("serving /data");
      expect(log).not.toMatch(/recv|send/);
    });
  }
});

describe("a sandbox that breaks the protocol all the time", () => {
  processTest("fills no log", async ({ container, start }) => {
    const gofer = start(optionsFor(container));
    gofer.synchronize();
    gofer.readMounts();
    const client = gofer.mounted(1);
    const nonsense = Buffer.concat(Array.from({ length: 50 }, () => frame(999, "nonsense")));
    for (let turn = 0; turn < 100; turn++) {
      client.sendOnly(nonsense);
      for (let reply = 0; reply < 50; reply++) client.receive();
    }
    const { debugLog } = await gofer.end();
    const lines = debugLog.split("\n").filter((line) => line.includes("is not supported"));
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.length).toBeLessThan(30);
    expect(debugLog).toMatch(/4\d\d\d log entries were left out mount=\/data$/m);
  });
});

/** What a log's lines are like: the fields of JSON in order, with the form of those that both gofers have. */
function shapeOf(line: string, format: LogFormat): string {
  if (format === "text") return line.replace(/^([DIW])(\d{4} \d\d:\d\d:\d\d\.\d{6} {2,}\d+) [\w.-]+:\d+\] .*$/, "glog");
  const entry = JSON.parse(line) as Record<string, string>;
  const [message = "", level = "", time = ""] = Object.keys(entry);
  expect(entry[level]).toMatch(/^(debug|info|warning)$/);
  expect(entry[time]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/);
  return [message, level, time].join(" ");
}

/** The shapes that a gofer's lines have, up to where it waits for runsc. */
async function shapesOf(gofer: GoferProcess, format: LogFormat): Promise<string[]> {
  await gofer.logged("\n");
  const lines = gofer.said.debugLog.trimEnd().split("\n");
  const whole = gofer.said.debugLog.endsWith("\n") ? lines : lines.slice(0, -1);
  return [...new Set(whole.map((line) => shapeOf(line, format)))];
}

describe("the log", () => {
  for (const format of logFormats) {
    if (!existsSync(stock)) {
      test.skip(`as ${format} has lines like the stock gofer's (skipped: no dist/runsc-stock)`, () => {});
      continue;
    }
    processTest(`as ${format} has lines like the stock gofer's`, async ({ container, start }) => {
      const options = optionsFor(container, "--debug", `--debug-log-format=${format}`);
      const ours = await shapesOf(start(options), format);
      container.forgetLogs();
      const theirs = await shapesOf(start({ ...options, command: [stock] }), format);
      expect(ours).toHaveLength(1);
      expect(ours).toEqual(theirs);
    });
  }

  processTest("says at level info what starts, is mounted, is served and ends", async ({ container, start }) => {
    const log = await useAndEnd(start(optionsFor(container)));
    const messages = log.split("\n").filter((line) => line.startsWith("I"));
    for (const message of ["starts for container", "mounting ", "serving /data ", "exit: success status=0"]) {
      expect(messages.filter((line) => line.includes(message))).toHaveLength(1);
    }
  });

  processTest("holds no environment and no annotation of others", async ({ container, start }) => {
    const secret = "correct-horse-battery-staple";
    const spec = container.spec([dataMount], {
      annotations: { "com.example.token": secret },
      process: { args: ["true", secret], cwd: "/", env: [`TOKEN=${secret}`] },
    });
    const options = { ...optionsFor(container, "--debug", "--strace"), spec, environment: { TOKEN: secret } };
    expect(await useAndEnd(start(options))).not.toContain(secret);
  });
});
