import { describe, expect, test } from "bun:test";
import { allocateMemory, memory } from "../../../ffi/arena.ts";
import { profileBytes, profileMark, recordAt, recordedMessages } from "../../../src/server/profile-layout.ts";
import { profileLines, readProfile } from "../../../src/server/profile-report.ts";
import { RequestProfile } from "../../../src/server/request-profile.ts";
import { messages } from "../../../src/wire/messages.ts";

const place = allocateMemory(profileBytes) ?? 0;

/** A profile of which nothing is noted, and what stands in its memory. */
function emptyProfile() {
  memory.u8.fill(0, place, place + profileBytes);
  const profile = new RequestProfile(place);
  return { profile, bytes: () => Buffer.from(memory.buffer.subarray(place, place + profileBytes)) };
}

/** The lines of what stands in the memory, without the first, which holds times. */
function linesOf(bytes: Buffer): string[] {
  const numbers = readProfile(bytes);
  if (numbers === undefined) throw new Error("no profile");
  return profileLines(numbers).slice(1);
}

describe("RequestProfile", () => {
  test("can be read from its memory alone", () => {
    const { profile, bytes } = emptyProfile();
    const { fStat, pRead } = messages;
    for (let nanos = 1000; nanos <= 100_000; nanos += 1000) profile.noteRequest(fStat.id, nanos, 8, 256);
    profile.noteRequest(pRead.id, 9_000_000, 24, 4104);
    profile.noteRequest(pRead.id, 2000, 24, -9);
    for (let reply = 0; reply < 100; reply++) profile.noteReply("channel");
    for (let reply = 0; reply < 2; reply++) profile.noteReply("socket");
    for (let turn = 0; turn < 3; turn++) profile.turned();
    profile.spun(3_000_000, true);
    profile.spun(60_000_000, false);
    profile.waited(1_500_000_000);
    profile.waited(1_000_000);
    profile.wokeForNothing();
    profile.noteCollection("young", 2_000_000);
    profile.noteCollection("full", 30_000_000);
    expect(linesOf(bytes())).toEqual([
      "count  errors  min µs  p50 µs  p90 µs  p99 µs  max µs  total ms  bytes in  bytes out  message",
      "    2       1     2.0     2.0  9000.0  9000.0  9000.0     9.002        48       4104  pRead",
      "  100       0     1.0    51.2    90.1   100.0   100.0     5.050       800      25600  fStat",
      "replies: 100 over channels, 2 over sockets",
      "loop: 3 turns; 1 spins hit and 1 missed, 0.063 s in all; 2 waits, 1.501 s in all, 1 woke up for nothing",
      "garbage: 1 quick collections, 0.002 s in all; 1 full ones, 0.030 s in all",
    ]);
  });

  test("says of what time it is", () => {
    const before = Date.now();
    const { profile } = emptyProfile();
    profile.turned();
    const [first = ""] = profileLines(profile.numbers);
    const [, seconds, started = ""] = /^profile of (\d+\.\d{3}) s from (\S+Z)$/.exec(first) ?? [];
    expect(Number(seconds)).toBeGreaterThanOrEqual(0);
    expect(new Date(started).getTime()).toBeGreaterThanOrEqual(before);
  });

  test("passes over messages that it has no place for", () => {
    const { profile, bytes } = emptyProfile();
    const before = bytes();
    for (const message of [recordedMessages, 0xffff]) profile.noteRequest(message, 1, 1, 1);
    expect(bytes().equals(before)).toBe(true);
  });

  test("has room for the last message", () => {
    const { profile, bytes } = emptyProfile();
    profile.noteRequest(recordedMessages - 1, 2 ** 50, 1, 1);
    expect(linesOf(bytes())[1]).toEndWith(`  message ${recordedMessages - 1}`);
    expect(bytes().readDoubleLE(profileBytes - 8)).toBe(1);
  });
});

describe("readProfile()", () => {
  test("refuses what has no mark, or is too short", () => {
    const { bytes } = emptyProfile();
    expect(readProfile(bytes())).toBeDefined();
    expect(readProfile(bytes().subarray(0, profileBytes - 1))).toBeUndefined();
    expect(readProfile(Buffer.alloc(profileBytes))).toBeUndefined();
  });

  test("keeps the mark out of the figures", () => {
    expect(profileMark.length).toBeLessThanOrEqual(64);
    expect(recordAt(0) * 8).toBe(4096);
  });
});
