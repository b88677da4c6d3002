import { describe, expect, test } from "bun:test";
import { formatEntry, type LogEntry } from "../../../src/log/log-format.ts";

const time = "2026-03-04T05:06:07.089Z";
const entry: LogEntry = { level: "warning", time, msg: "something odd", path: "/a b", count: 3 };

describe("formatEntry()", () => {
  test("writes glog's line, in local time, with the fields after the message", () => {
    const at = new Date(time);
    const two = (number: number) => String(number).padStart(2, "0");
    const date = `${two(at.getMonth() + 1)}${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:07.089000`;
    const pid = String(process.pid).padStart(7);
    expect(formatEntry(entry, "text")).toBe(`W${date} ${pid} bun-gofer] something odd path="/a b" count=3\n`);
  });

  test.each([
    ["debug", "D"],
    ["info", "I"],
    ["warning", "W"],
    ["error", "E"],
  ] as const)("marks the level %s with %s", (level, letter) => {
    expect(formatEntry({ level, time, msg: "x" }, "text")).toStartWith(letter);
  });

  test("writes an error's stack on lines of its own", () => {
    const error = { type: "Error", message: "boom", stack: "Error: boom\n    at there" };
    expect(formatEntry({ level: "error", time, msg: "x", error }, "text")).toEndWith(
      "] x error=\nError: boom\n    at there\n",
    );
  });

  test("writes JSON with runsc's names", () => {
    expect(JSON.parse(formatEntry(entry, "json"))).toEqual(entry);
  });

  test("writes JSON with the names that Kubernetes expects", () => {
    const line = formatEntry(entry, "json-k8s");
    expect(line).toEndWith("}\n");
    expect(JSON.parse(line)).toEqual({ log: "something odd", level: "warning", time, path: "/a b", count: 3 });
  });
});
