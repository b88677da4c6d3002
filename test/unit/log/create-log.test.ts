import { describe, expect, test } from "bun:test";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createLog } from "../../../src/log/create-log.ts";
import type { Log } from "../../../src/log/log.ts";
import type { LogFormat } from "../../../src/log/log-format.ts";
import { TemporaryDirectory } from "../elf/support/temporary-directory.ts";

const formats: readonly LogFormat[] = ["json", "json-k8s"];

/** What a log with one file for each format writes there: the JSON lines of each. */
async function written(debug: boolean, use: (log: Log) => void): Promise<Record<string, unknown>[][]> {
  using temporary = new TemporaryDirectory();
  const files = formats.map((format) => ({ format, descriptor: openSync(temporary.at(format), "w") }));
  use(await createLog(files, { debug }));
  for (const { descriptor } of files) closeSync(descriptor);
  return formats.map((format) =>
    readFileSync(temporary.at(format), "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line)),
  );
}

describe("createLog()", async () => {
  test("writes each entry to all destinations, in the format of each", async () => {
    const [json, k8s] = await written(false, (log) => log.warn("hello", { answer: 42 }));
    expect(json).toEqual([{ level: "warning", time: expect.any(String), msg: "hello", answer: 42 }]);
    expect(k8s).toEqual([{ level: "warning", time: expect.any(String), log: "hello", answer: 42 }]);
  });

  test.each([
    [false, ["info", "warning", "error"]],
    [true, ["debug", "info", "warning", "error"]],
  ])("with debug %j writes the levels %j", async (debug, levels) => {
    const [json = []] = await written(debug, (log) => {
      log.debug("d");
      log.info("i");
      log.warn("w");
      log.error("e");
    });
    expect(json.map(({ level }) => level as string)).toEqual(levels);
  });

  test("writes the stack of an error", async () => {
    const [json] = await written(false, (log) => log.error("failed", { error: new Error("boom") }));
    expect(json).toMatchObject([{ error: { message: "boom", stack: expect.stringContaining("create-log.test.ts") } }]);
  });

  test("goes on when a destination is closed", async () => {
    const log = await createLog([{ descriptor: 999_999, format: "text" }], { debug: false });
    expect(() => log.info("lost")).not.toThrow();
  });

  test("is silent without destinations", async () => {
    const log = await createLog([], { debug: true });
    expect(() => log.error("unheard")).not.toThrow();
  });
});
