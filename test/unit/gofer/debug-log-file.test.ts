import { describe, expect, test } from "bun:test";
import { closeSync, readFileSync, writeFileSync } from "node:fs";
import { writeAll } from "../../../ffi/descriptor-io.ts";
import { assumeOpen } from "../../../ffi/host-fd.ts";
import { debugLogPath, withDebugLog } from "../../../src/gofer/debug-log-file.ts";
import { readGlobalFlags } from "../../../src/gofer/global-flags.ts";
import { TemporaryDirectory } from "../elf/support/temporary-directory.ts";
import { reasonOf, successOf } from "./support/reason-of.ts";

describe("debugLogPath()", () => {
  const time = new Date(2026, 0, 2, 3, 4, 5, 6).getTime();

  test.each([
    ["/logs/", "/logs/runsc.log.20260102-030405.006000.gofer.txt"],
    ["/logs/%ID%/%CID%.%COMMAND%", "/logs/$&/$&.gofer"],
    ["/logs/%TIMESTAMP%-%TEST%", "/logs/20260102-030405.006000-"],
    ["/logs/plain", "/logs/plain"],
  ])("%s stands for %s", (pattern, path) => {
    expect(debugLogPath(pattern, "$&", time)).toBe(path);
  });
});

describe("withDebugLog()", () => {
  test("opens the file, with the directories that it needs, to append to it", () => {
    using temporary = new TemporaryDirectory();
    const config = readGlobalFlags([`--debug-log=${temporary.at("new/log")}`]);
    for (const word of ["one ", "two"]) {
      const { debugLogFd } = successOf(withDebugLog(config, "id"));
      if (debugLogFd === undefined) throw new Error("no descriptor");
      writeAll(debugLogFd, word);
      closeSync(debugLogFd);
    }
    expect(readFileSync(temporary.at("new/log"), "utf8")).toBe("one two");
  });

  test.each([
    [["--debug-log=/nowhere/log", "--debug-log-fd=7"], 7],
    [["--debug-log=/nowhere/log", "--debug-command=boot"], undefined],
    [[], undefined],
  ])("opens nothing with %j", (words, fd) => {
    const { debugLogFd } = successOf(withDebugLog(readGlobalFlags(words), "id"));
    expect(debugLogFd).toBe(fd === undefined ? undefined : assumeOpen(fd));
  });

  test("says so when it cannot", () => {
    using temporary = new TemporaryDirectory();
    writeFileSync(temporary.at("file"), "");
    const path = temporary.at("file/log");
    expect(reasonOf(withDebugLog(readGlobalFlags([`--debug-log=${path}`]), "id"))).toStartWith(
      `system: cannot open the debug log ${path}: `,
    );
  });
});
