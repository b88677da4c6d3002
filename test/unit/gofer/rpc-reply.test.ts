import { describe, expect, test } from "bun:test";
import { readRpcReply, replyBytesMax } from "../../../src/gofer/rpc-reply.ts";
import { reasonOf } from "./support/reason-of.ts";

const success = '{"success":true,"err":"","result":{}}';

function read(text: string) {
  return readRpcReply(Buffer.from(text));
}

describe("readRpcReply()", () => {
  test("reads a success", () => {
    expect(read(success)).toMatchObject({ success: true, err: "" });
  });

  test("reads a failure with its reason", () => {
    const failure = '{"success":false,"err":"open /data: permission denied","result":null}';
    expect(read(failure)).toMatchObject({ success: false, err: "open /data: permission denied" });
  });

  test("waits for the rest of a reply, wherever it is cut", () => {
    for (let length = 0; length < success.length; length++) expect(read(success.slice(0, length))).toBeUndefined();
  });

  test("waits for the rest of a reply that is cut inside a character", () => {
    const bytes = Buffer.from('{"success":false,"err":"ü"}');
    const cut = bytes.indexOf(0xc3) + 1;
    expect(readRpcReply(bytes.subarray(0, cut))).toBeUndefined();
    expect(readRpcReply(bytes)).toMatchObject({ err: "ü" });
  });

  test.each(["}", '\\"}', "\\\\", '{\\"{'])("does not take %j inside a string for the end", (part) => {
    const reply = `{"success":false,"err":"${part}"}`;
    expect(read(reply.slice(0, -1))).toBeUndefined();
    expect(read(reply)).toMatchObject({ success: false, err: JSON.parse(`"${part}"`) });
  });

  test.each([
    ["text", "hello", "not a JSON object"],
    ["an array", "[1]", "not a JSON object"],
    ["braces around no JSON", "{success}", "not JSON"],
    ["an object without a result", "{}", "not a result of a call"],
    ["a result of another type", '{"success":1,"err":""}', "not a result of a call"],
    ["two replies", success + success, "more than one JSON object"],
    ["a reply that has no end", `{"err":"${"x".repeat(replyBytesMax)}`, `over ${replyBytesMax} bytes`],
  ])("refuses %s", (_what, text, reason) => {
    expect(reasonOf(read(text))).toBe(`peer: unexpected reply from runsc: ${reason}`);
  });
});
