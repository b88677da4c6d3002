import { describe, expect } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { statsCommand } from "../../src/cli/stats.ts";
import { exitCodes } from "../../src/gofer/exit-codes.ts";
import { ChannelClient } from "../unit/support/channel-client.ts";
import type { Container } from "./support/container.ts";
import { patienceMillis } from "./support/descriptors.ts";
import type { GoferOptions, GoferProcess } from "./support/gofer-process.ts";
import { processTest } from "./support/process-test.ts";

const profileName = "profile-container-1";
const cpuProfileName = "cpu-container-1";

function optionsFor(container: Container, changes: Partial<GoferOptions> = {}): GoferOptions {
  return { spec: container.spec(), mountConfs: "lisafs:none", globalFlags: ["--directfs=false"], ...changes };
}

function latencies(container: Container): Record<string, string> {
  return { BUN_GOFER_PROFILE: container.path("profile-%ID%") };
}

function cpuProfile(container: Container): Record<string, string> {
  return { BUN_GOFER_CPU_PROFILE: container.path("cpu-%ID%") };
}

/** Asks for attributes 40 times over a channel and 10 times over the socket, and once for those of nothing. */
function askForAttributes(gofer: GoferProcess): void {
  gofer.synchronize();
  gofer.readMounts();
  const client = gofer.mounted(0);
  const { controlFd } = client.expect("mount", undefined).root;
  using channel = ChannelClient.open(client);
  for (let call = 0; call < 40; call++) channel.call("fStat", { fd: controlFd });
  for (let call = 0; call < 10; call++) client.expect("fStat", { fd: controlFd });
  expect(client.call("fStat", { fd: 999 as typeof controlFd })).toBe("EBADF");
}

/** What bun-gofer stats prints, with each message's count and errors by its name. */
function stats(container: Container) {
  const out: string[] = [];
  const status = statsCommand([container.path(profileName)], { out: (line) => void out.push(line), err: () => {} });
  const rows = out.map((line) => line.trim().split(/ {2,}/)).filter((cells) => cells.length === 11);
  const messages = Object.fromEntries(rows.map(([count, errors, ...rest]) => [rest.at(-1), [count, errors]]));
  return { status, out, messages };
}

/** Waits until the last request of askForAttributes() is noted: that comes after its reply. */
async function allNoted(container: Container): Promise<void> {
  for (const end = performance.now() + patienceMillis; performance.now() < end; await Bun.sleep(5)) {
    if (stats(container).messages["fStat"]?.[1] === "1") return;
  }
  throw new Error(`the last request is never noted:\n${stats(container).out.join("\n")}`);
}

/** A profile as V8 writes it. */
function readCpuProfile(container: Container, name: string) {
  const { nodes, samples, startTime, endTime } = JSON.parse(container.read(name));
  const functions: string[] = nodes.map(({ callFrame }: { callFrame: { functionName: string } }) => {
    return callFrame.functionName;
  });
  return { functions, samples: samples.length, micros: endTime - startTime };
}

/** More than what is expected of a request; the gofer works on it for a while. */
function keepBusy(gofer: GoferProcess): void {
  const client = gofer.mounted(0);
  const { controlFd } = client.expect("mount", undefined).root;
  for (let call = 0; call < 2000; call++) client.expect("fStat", { fd: controlFd });
}

describe("BUN_GOFER_PROFILE", () => {
  processTest("keeps the latencies of the requests that were made", async ({ container, start }) => {
    const gofer = start(optionsFor(container, { environment: latencies(container) }));
    askForAttributes(gofer);
    await allNoted(container);
    const { status, out, messages } = stats(container);
    expect(status).toBe(0);
    expect(messages).toMatchObject({ mount: ["2", "0"], channel: ["1", "0"], fStat: ["51", "1"] });
    expect(out).toContain("replies: 40 over channels, 14 over sockets");
    expect((await gofer.end()).status).toBe(exitCodes.success);
  });

  processTest("has the latencies when the gofer was killed", async ({ container, start }) => {
    const gofer = start(optionsFor(container, { environment: latencies(container) }));
    askForAttributes(gofer);
    await allNoted(container);
    gofer.signal("SIGKILL");
    await gofer.exited;
    expect(stats(container).messages).toMatchObject({ fStat: ["51", "1"] });
  });

  processTest("has the latencies logged with the state", async ({ container, start }) => {
    const gofer = start(optionsFor(container, { environment: latencies(container) }));
    askForAttributes(gofer);
    await allNoted(container);
    gofer.signal("SIGQUIT");
    await gofer.logged("] state: garbage: ");
    expect(gofer.said.debugLog).toMatch(/state: +51 +1( +\d+\.\d+){6} +\d+ +\d+ {2}fStat\n/);
  });

  processTest("that names something else fails the start and leaves that alone", async ({ container, fail }) => {
    container.write(profileName, "dear reader");
    const { status, mounts } = await fail(optionsFor(container, { environment: latencies(container) }));
    expect(status).toBe(exitCodes.statistics);
    expect(mounts).toContain("which BUN_GOFER_PROFILE names: it has 11 bytes, want none or 315392");
    expect(container.read(profileName)).toBe("dear reader");
  });

  processTest("makes no file when it is not set", async ({ container, start }) => {
    const gofer = start(optionsFor(container));
    askForAttributes(gofer);
    expect((await gofer.end()).debugLog).not.toContain("rofile");
    expect([profileName, cpuProfileName].filter((name) => existsSync(container.path(name)))).toEqual([]);
  });
});

describe("BUN_GOFER_CPU_PROFILE", () => {
  for (const [ending, exit] of [
    ["a normal end", "success"],
    ["SIGTERM", "terminated"],
  ] as const) {
    processTest(`is written at ${ending}, under the filter`, async ({ container, start }) => {
      const gofer = start(optionsFor(container, { environment: cpuProfile(container) }));
      askForAttributes(gofer);
      keepBusy(gofer);
      expect(gofer.procFile("status")).toMatch(/^Seccomp:\t2$/m);
      if (exit === "terminated") gofer.signal("SIGTERM");
      else await gofer.end();
      expect(await gofer.exited).toBe(exitCodes[exit]);
      const { functions, samples, micros } = readCpuProfile(container, cpuProfileName);
      expect(functions).toContain("turn");
      expect(samples).toBeGreaterThan(0);
      expect(micros).toBeGreaterThan(0);
    });
  }

  processTest("is written at SIGQUIT, and begun anew", async ({ container, start }) => {
    const gofer = start(optionsFor(container, { environment: cpuProfile(container) }));
    askForAttributes(gofer);
    gofer.signal("SIGQUIT");
    await gofer.logged("] CPU profile ended");
    expect(readCpuProfile(container, cpuProfileName).samples).toBeGreaterThan(0);
    const said = gofer.said.debugLog.length;
    keepBusy(gofer);
    gofer.signal("SIGQUIT");
    await gofer.logged("] CPU profile ended", said);
    expect(readCpuProfile(container, cpuProfileName).samples).toBeGreaterThan(0);
    expect((await gofer.end()).status).toBe(exitCodes.success);
  });

  processTest("that cannot be written fails the start", async ({ container, fail }) => {
    const environment = { BUN_GOFER_CPU_PROFILE: container.path("missing/cpu") };
    const { status, mounts } = await fail(optionsFor(container, { environment }));
    expect(status).toBe(exitCodes.statistics);
    expect(mounts).toContain("which BUN_GOFER_CPU_PROFILE names: ENOENT");
  });
});

describe("runsc's flags for profiles", () => {
  processTest("get a CPU profile and a heap snapshot", async ({ container, start }) => {
    const profiles = ["profile-cpu-fd", "profile-heap-fd"];
    const gofer = start(optionsFor(container, { profiles }));
    askForAttributes(gofer);
    const { status, debugLog } = await gofer.end();
    expect(status).toBe(exitCodes.success);
    expect(debugLog).toContain("] the filter allows more: a CPU profile is made\n");
    expect(readCpuProfile(container, "profile-cpu-fd").samples).toBeGreaterThan(0);
    expect(JSON.parse(container.read("profile-heap-fd"))).toMatchObject({
      snapshot: { meta: { node_fields: expect.arrayContaining(["self_size"]) } },
    });
  });

  processTest("that Bun has nothing for are told of", async ({ container, start }) => {
    const profiles = ["profile-block-fd", "profile-mutex-fd", "trace-fd"];
    const gofer = start(optionsFor(container, { profiles }));
    askForAttributes(gofer);
    const { debugLog } = await gofer.end();
    for (const flag of profiles) {
      expect(debugLog).toContain(`] nothing is written for --${flag}: `);
      expect(readFileSync(container.path(flag))).toBeEmpty();
    }
  });

  processTest("that name no open descriptor fail the start", async ({ container, fail }) => {
    const { status, mounts } = await fail(optionsFor(container, { flags: ["--profile-cpu-fd=150"] }));
    expect(status).toBe(exitCodes.usage);
    expect(mounts).toContain("descriptor 150 is not open");
  });
});
