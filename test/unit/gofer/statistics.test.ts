import { describe, expect, test } from "bun:test";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { openStatistics } from "../../../src/gofer/statistics.ts";
import { messages } from "../../../src/wire/messages.ts";
import { TemporaryDirectory } from "../elf/support/temporary-directory.ts";
import { reasonOf, successOf } from "./support/reason-of.ts";

const pageBytes = 4096;

describe("openStatistics()", () => {
  test("counts in the file, as it happens", () => {
    using temporary = new TemporaryDirectory();
    const counts = successOf(openStatistics(temporary.at("counts-%ID%"), "id-$&"));
    counts.add(messages.walk.id);
    counts.add(messages.walk.id);
    const file = temporary.at("counts-id-$&");
    expect(readFileSync(file).readBigUInt64LE(messages.walk.id * 8)).toBe(2n);
    expect(statSync(file).mode & 0o777).toBe(0o644 & ~process.umask());
  });

  test("starts from zero in a file of an earlier run", () => {
    using temporary = new TemporaryDirectory();
    const file = temporary.at("counts");
    writeFileSync(file, Buffer.alloc(pageBytes, 0xff));
    successOf(openStatistics(file, "id"));
    expect(readFileSync(file).equals(Buffer.alloc(pageBytes))).toBe(true);
  });

  test("leaves alone a file that is something else", () => {
    using temporary = new TemporaryDirectory();
    const file = temporary.at("letter");
    writeFileSync(file, "dear reader");
    expect(reasonOf(openStatistics(file, "id"))).toBe(
      `statistics: cannot count requests in ${file}, which BUN_GOFER_STATS names: it has 11 bytes, want none or 4096`,
    );
    expect(readFileSync(file, "utf8")).toBe("dear reader");
  });

  test("fails where no file can be", () => {
    using temporary = new TemporaryDirectory();
    expect(reasonOf(openStatistics(temporary.at("missing/counts"), "id"))).toContain("ENOENT");
  });
});
