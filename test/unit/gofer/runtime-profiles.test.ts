import { describe, expect, test } from "bun:test";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { assumeOpen } from "../../../ffi/host-fd.ts";
import { type CpuProfiling, type RuntimeProfileFiles, RuntimeProfiles } from "../../../src/gofer/runtime-profiles.ts";
import { RecordingLog } from "../support/host-server.ts";
import { TemporaryDirectory } from "../support/temporary-directory.ts";

/** Profiles that go to files of their own. */
class Profiled implements Disposable {
  readonly log = new RecordingLog();
  readonly profiles: RuntimeProfiles;
  readonly #temporary = new TemporaryDirectory();
  readonly #file: string;
  readonly #descriptor: number;

  constructor(kind: keyof RuntimeProfileFiles, mode: "w" | "r", cpu?: CpuProfiling) {
    this.#file = this.#temporary.join("profile");
    writeFileSync(this.#file, "what was there before ".repeat(1_000_000));
    this.#descriptor = openSync(this.#file, mode === "w" ? "r+" : "r");
    const files = { cpu: [], heap: [], [kind]: [assumeOpen(this.#descriptor)] };
    this.profiles = new RuntimeProfiles(files, this.log, cpu);
  }

  read() {
    return JSON.parse(readFileSync(this.#file, "utf8"));
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
    this.#temporary[Symbol.dispose]();
  }
}

const wholeProfile = ["info CPU profile started", "debug CPU profile written", "info CPU profile ended"];

function work(millis: number): void {
  for (const end = performance.now() + millis; performance.now() < end; ) Math.sqrt(performance.now());
}

describe("RuntimeProfiles", () => {
  test("writes a CPU profile in place of what was there, and nothing more when it is over", () => {
    using profiled = new Profiled("cpu", "w");
    expect(profiled.profiles.profilesCpu).toBe(true);
    work(50);
    profiled.profiles.finish();
    profiled.profiles.finish();
    expect(profiled.read().samples.length).toBeGreaterThan(0);
    expect(profiled.log.entries).toEqual(wholeProfile);
  });

  test("ends a CPU profile that is long enough, and begins another at a checkpoint", () => {
    using profiled = new Profiled("cpu", "w", { partMillis: 0, wholeMillis: 0 });
    const { profiles, log } = profiled;
    profiles.tick?.run();
    profiles.tick?.run();
    expect(log.entries).toEqual(wholeProfile);
    profiles.checkpoint();
    expect(log.entries).toEqual(wholeProfile);
    profiles.finish();
    expect(log.entries).toEqual([...wholeProfile, ...wholeProfile.slice(1)]);
  });

  test("writes a CPU profile part by part, and goes on", () => {
    using profiled = new Profiled("cpu", "w", { partMillis: 0, wholeMillis: 1e9 });
    const { profiles, log } = profiled;
    const ends: number[] = [];
    for (let part = 0; part < 3; part++) {
      profiles.tick?.run();
      ends.push(profiled.read().endTime);
    }
    expect(ends).toEqual([...ends].sort((a, b) => a - b));
    expect(new Set(ends).size).toBe(3);
    expect(log.entries).toEqual(["info CPU profile started", ...Array.from(ends, () => "debug CPU profile written")]);
    profiles.finish();
  });

  test("does not end a CPU profile before", () => {
    using profiled = new Profiled("cpu", "w");
    profiled.profiles.tick?.run();
    expect(profiled.log.entries).toHaveLength(1);
    profiled.profiles.finish();
  });

  test("writes a heap snapshot at each checkpoint, and needs no ticks", () => {
    using profiled = new Profiled("heap", "w");
    const { profiles } = profiled;
    expect([profiles.tick, profiles.profilesCpu]).toEqual([undefined, false]);
    profiles.checkpoint();
    expect(profiled.read().snapshot.node_count).toBeGreaterThan(0);
    expect(profiled.log.entries).toEqual(["debug heap snapshot written"]);
  });

  test("says when a profile cannot be written", () => {
    using profiled = new Profiled("heap", "r");
    profiled.profiles.finish();
    expect(profiled.log.entries).toEqual(["warn cannot write the heap snapshot"]);
  });
});
