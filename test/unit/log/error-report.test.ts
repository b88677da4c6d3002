import { describe, expect, test } from "bun:test";
import { reportOf } from "../../../src/log/error-report.ts";

describe("reportOf()", () => {
  test("gives type, message and stack, and none of the other properties", () => {
    const error = Object.assign(new TypeError("boom"), { request: { headers: { authorization: "secret" } } });
    const report = reportOf(error);
    expect(Object.keys(report)).toEqual(["type", "message", "stack"]);
    expect(report).toMatchObject({ type: "TypeError", message: "boom" });
    expect(report.stack).toContain("error-report.test.ts");
    expect(JSON.stringify(report)).not.toContain("secret");
  });

  test("tells of causes, but not without end", () => {
    const cause = new Error("inner");
    expect(reportOf(new Error("outer", { cause })).stack).toMatch(/outer.*caused by: .*inner/s);
    const ring = new Error("ring");
    ring.cause = ring;
    expect(reportOf(ring).stack.match(/caused by/g)).toHaveLength(4);
  });

  test("does without a stack", () => {
    const error = new Error("bare");
    Object.defineProperty(error, "stack", { value: undefined });
    expect(reportOf(error).stack).toBe("Error: bare");
  });
});
