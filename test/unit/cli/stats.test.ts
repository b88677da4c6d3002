import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { statsCommand } from "../../../src/cli/stats.ts";
import { RequestProfile } from "../../../src/server/request-profile.ts";
import { type MessageName, messages } from "../../../src/wire/messages.ts";
import { TemporaryDirectory } from "../elf/support/temporary-directory.ts";

function run(...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const status = statsCommand(args, { out: (line) => void out.push(line), err: (line) => void err.push(line) });
  return { status, out, err };
}

function counters(counts: Partial<Record<MessageName, bigint>>, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  for (const [name, count] of Object.entries(counts))
    buffer.writeBigUInt64LE(count, messages[name as MessageName].id * 8);
  return buffer;
}

describe("statsCommand()", () => {
  test("prints what has come, the most frequent first, and a total", () => {
    using temporary = new TemporaryDirectory();
    const file = temporary.at("counts");
    writeFileSync(file, counters({ mount: 1n, walk: 12n, fStat: 2n ** 40n, close: 12n }, 4096));
    expect(run(file)).toEqual({
      status: 0,
      out: [
        "        count  message",
        "1099511627776  fStat",
        "           12  close",
        "           12  walk",
        "            1  mount",
        "1099511627801  total",
      ],
      err: [],
    });
  });

  test("prints no message where none has come, also of a file cut short", () => {
    using temporary = new TemporaryDirectory();
    const file = temporary.at("counts");
    writeFileSync(file, Buffer.alloc(20));
    expect(run(file).out).toEqual(["count  message", "    0  total"]);
  });

  test("prints a profile as such, whatever takes most time first", () => {
    using temporary = new TemporaryDirectory();
    const file = temporary.at("profile");
    const profile = new RequestProfile();
    profile.noteRequest(messages.walk.id, 1000, 10, 20);
    profile.noteRequest(messages.pRead.id, 2000, 24, -9);
    writeFileSync(file, profile.numbers);
    const { status, out } = run(file);
    expect(status).toBe(0);
    expect(out[0]).toStartWith("profile of ");
    expect(out.slice(2, 4).map((line) => line.split(" ").at(-1))).toEqual(["pRead", "walk"]);
  });

  test("fails where there is no file", () => {
    const { status, err } = run("/no/such/file");
    expect(status).toBe(1);
    expect(err[0]).toContain("ENOENT");
  });

  test.each<[string[]]>([[[]], [["a", "b"]], [["--help"]]])("prints the usage for %j", (args) => {
    const { status, err } = run(...args);
    expect(status).toBe(2);
    expect(err.at(-1)).toBe("usage: bun-gofer stats FILE");
  });
});
