import { expect, test } from "bun:test";
import {
  channelHeaderBytes,
  readChannelMessageId,
  readSocketMessageId,
  readSocketPayloadBytes,
  socketHeaderBytes,
  writeChannelHeader,
  writeSocketHeader,
} from "../../../src/wire/frame.ts";
import { memoryFilled, memoryOf } from "./memory-of.ts";
import { headerVectors } from "./vectors.ts";

test("a socket header reads and writes as gVisor's does", () => {
  const headers = headerVectors("socketHeader");
  expect(headers.length).toBeGreaterThan(0);
  for (const { hex, fields } of headers) {
    const memory = memoryOf(Uint8Array.fromHex(hex));
    const payloadBytes = readSocketPayloadBytes(memory, 0);
    const message = readSocketMessageId(memory, 0);
    expect({ payloadBytes, message }).toEqual(fields as never);
    const written = memoryFilled(socketHeaderBytes, 0xaa);
    writeSocketHeader(written, 0, payloadBytes, message);
    expect(written.u8.toHex()).toBe(hex);
  }
});

test("a channel header reads and writes as gVisor's does", () => {
  const headers = headerVectors("channelHeader");
  expect(headers.length).toBeGreaterThan(0);
  for (const { hex, fields } of headers) {
    const message = readChannelMessageId(memoryOf(Uint8Array.fromHex(hex)), 0);
    expect(message).toBe(fields["message"] as number);
    const written = memoryFilled(channelHeaderBytes, 0xaa);
    writeChannelHeader(written, 0, message, fields["fdCount"] as number);
    expect(written.u8.toHex()).toBe(hex);
  }
});
