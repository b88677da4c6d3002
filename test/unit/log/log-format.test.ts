import { describe, expect, test } from "bun:test";
import { formatEntry, formatTime, type LogEntry } from "../../../src/log/log-format.ts";

const time = "2026-03-04T05:06:07.089123Z";
const entry: LogEntry = { level: "warning", time, msg: "something odd", path: "/a b", count: 3 };

/** What formatTime() gives in another time zone, which a process takes up when it starts. */
function timeIn(zone: string, epochMillis: number): string {
  const script = `
    import { formatTime } from ${JSON.stringify(require.resolve("../../../src/log/log-format.ts"))};
    console.log(formatTime(${epochMillis}));`;
  const run = Bun.spawnSync([process.execPath, "--eval", script], { env: { ...process.env, TZ: zone } });
  return run.stdout.toString().trimEnd();
}

describe("formatEntry()", () => {
  test("writes glog's line, with the fields after the message", () => {
    const pid = String(process.pid).padStart(7);
    expect(formatEntry(entry, "text")).toBe(
      `W0304 05:06:07.089123 ${pid} bun-gofer:0] something odd path="/a b" count=3\n`,
    );
  });

  test.each([
    ["debug", "D"],
    ["info", "I"],
    ["warning", "W"],
    ["error", "E"],
  ] as const)("marks the level %s with %s", (level, letter) => {
    expect(formatEntry({ level, time, msg: "x" }, "text")).toStartWith(letter);
  });

  test("writes an error's stack on lines of its own, set off so that none of them looks like an entry", () => {
    const error = { type: "Error", message: "boom", stack: "Error: boom\nI0304 forged] \x1b[2J\n    at there" };
    expect(formatEntry({ level: "error", time, msg: "x", error }, "text")).toEndWith(
      "] x error=\n    Error: boom\n    I0304 forged] \\u001b[2J\n        at there\n",
    );
  });

  test("writes JSON with runsc's names, in runsc's order", () => {
    const line = formatEntry(entry, "json");
    expect(JSON.parse(line)).toEqual(entry);
    expect(line).toBe(`{"msg":"something odd","level":"warning","time":"${time}","path":"/a b","count":3}\n`);
  });

  test("writes JSON with the names that Kubernetes expects", () => {
    const line = formatEntry(entry, "json-k8s");
    expect(line).toEndWith("}\n");
    expect(JSON.parse(line)).toEqual({ log: "something odd", level: "warning", time, path: "/a b", count: 3 });
  });

  test.each(["text", "json", "json-k8s"] as const)("as %s stays one line that no terminal stumbles over", (format) => {
    const path = "a\n\r\u001b[2J\u009b\u007f\u2028\u2029z";
    const line = formatEntry({ level: "info", time, msg: "x", path }, format);
    expect(line.slice(0, -1)).toMatch(/^[\x20-\x7e]+$/);
  });
});

describe("formatTime()", () => {
  const epochMillis = Date.UTC(2026, 0, 2, 3, 4, 5, 6) + 0.789;

  test.each([
    ["UTC", "2026-01-02T03:04:05.006789Z"],
    ["Asia/Kolkata", "2026-01-02T08:34:05.006789+05:30"],
    ["America/St_Johns", "2026-01-01T23:34:05.006789-03:30"],
  ])("writes local time and its distance from UTC in %s", (zone, text) => {
    expect(timeIn(zone, epochMillis)).toBe(text);
  });

  test("can be read back", () => {
    expect(Date.parse(formatTime(epochMillis))).toBe(Math.floor(epochMillis));
  });
});
