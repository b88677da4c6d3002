import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { byteStringOf } from "../../ffi/byte-string.ts";
import { O_RDWR } from "../../ffi/linux.ts";
import { exitCodes } from "../../src/gofer/exit-codes.ts";
import { ChannelClient, channelState } from "../unit/support/channel-client.ts";
import type { TestClient } from "../unit/support/client.ts";
import type { Container } from "./support/container.ts";
import { patienceMillis } from "./support/descriptors.ts";
import type { GoferProcess } from "./support/gofer-process.ts";
import { letSyncsHang } from "./support/hanging-syncs.ts";
import { processTest } from "./support/process-test.ts";
import { canTrace } from "./support/traced-start.ts";

const dataMount = { destination: "/data", type: "bind", source: "data" };
const bothConfs = "lisafs:none,lisafs:none";
const stateMark = "] state: ";
const whyNoHanging = canTrace() ? undefined : "strace cannot trace here";

/** Two connections, to files that the gofer keeps to itself. */
function optionsFor(container: Container, changes: Readonly<Record<string, unknown>> = {}) {
  const spec = container.spec([dataMount], changes);
  return { spec, mountConfs: bothConfs, globalFlags: ["--directfs=false"] };
}

/** The client of /data, once the gofer serves it. */
function served(gofer: GoferProcess): TestClient {
  gofer.synchronize();
  gofer.readMounts();
  return gofer.mounted(1);
}

/** Sends a sync that does not come back, of a file that is opened for it. */
function sendHangingSync(client: TestClient): void {
  const root = client.expect("mount", undefined).root.controlFd;
  const [file] = client.expect("walk", { dirFd: root, path: [byteStringOf("file")] }).inodes;
  if (file === undefined) throw new Error("there is no file");
  const { openFd } = client.expect("openAt", { fd: file.controlFd, flags: O_RDWR });
  client.sendOnly(client.encode("fSync", { fds: [openFd] }));
}

/** A test in which a system call hangs. */
function hangingTest(...[name, body]: Parameters<typeof processTest>): void {
  if (whyNoHanging === undefined) processTest(name, body);
  else test.skip(`${name} (skipped: ${whyNoHanging})`, () => {});
}

/** What the gofer says of its state, asked until that holds `text`. */
async function stateWith(gofer: GoferProcess, text: string): Promise<string[]> {
  for (const end = performance.now() + patienceMillis; performance.now() < end; await Bun.sleep(20)) {
    const before = gofer.said.debugLog.length;
    gofer.signal("SIGQUIT");
    await gofer.logged("state: requests so far", before);
    const lines = gofer.said.debugLog.slice(before).split("\n");
    const state = lines.filter((line) => line.includes(stateMark)).map((line) => line.split(stateMark)[1] ?? "");
    if (state.some((line) => line.includes(text))) return state;
  }
  throw new Error(`the state never holds ${text}`);
}

const endings = [
  ["SIGTERM", "terminated"],
  ["SIGINT", "interrupted"],
  ["SIGHUP", "hungUp"],
] as const;

describe("the first process of a PID namespace", () => {
  for (const [signal, exit] of endings) {
    processTest(`that serves is ended by ${signal}, with a status of its own`, async ({ container, start }) => {
      const gofer = start(optionsFor(container));
      served(gofer);
      expect(gofer.procFile("status")).toMatch(/^NSpid:.*\t1$/m);
      gofer.signal(signal);
      expect(await gofer.exited).toBe(exitCodes[exit]);
      const { stderr, log, debugLog } = gofer.said;
      expect(debugLog).toContain(`] ended by ${signal}\n`);
      expect(debugLog).toContain(`] exit: ${exit} status=${exitCodes[exit]}\n`);
      expect({ stderr, log }).toEqual({ stderr: "", log: "" });
    });
  }

  processTest("that serves channels is ended, and its clients see them shut down", async ({ container, start }) => {
    const gofer = start(optionsFor(container));
    using channel = ChannelClient.open(served(gofer));
    gofer.signal("SIGTERM");
    expect(await gofer.exited).toBe(exitCodes.terminated);
    expect(channel.state).toBe(channelState.shutDown);
  });

  hangingTest("is ended while a request waits for a helper thread", async ({ container, start }) => {
    const gofer = start(optionsFor(container));
    const client = served(gofer);
    {
      await using _hanging = await letSyncsHang(gofer.pid);
      sendHangingSync(client);
      await stateWith(gofer, "call fsync under way");
      gofer.signal("SIGTERM");
      // It has done what it can; the kernel waits for whoever traces the thread.
      await gofer.logged("] exit: terminated");
    }
    expect(await gofer.exited).toBe(exitCodes.terminated);
  });

  processTest("is ended while a client sends one request after the other", async ({ container, start }) => {
    const gofer = start(optionsFor(container));
    const client = served(gofer);
    const { controlFd } = client.expect("mount", undefined).root;
    using channel = ChannelClient.open(client);
    let isOver = false;
    const ended = gofer.exited.then((status) => {
      isOver = true;
      return status;
    });
    const request = client.encode("fStat", { fd: controlFd });
    const batch = Buffer.concat(Array.from({ length: 50 }, () => request));
    for (let turn = 0; !isOver; turn++) {
      if (turn === 3) gofer.signal("SIGTERM");
      try {
        client.sendOnly(batch);
        for (let reply = 0; reply < 50; reply++) client.receive();
        channel.call("fStat", { fd: controlFd });
      } catch (error) {
        if (turn < 3) throw error;
      }
      await Bun.sleep(0);
    }
    expect(await ended).toBe(exitCodes.terminated);
  });

  processTest("is ended while it waits for runsc, and says so", async ({ container, start }) => {
    const gofer = start(optionsFor(container));
    await gofer.logged("starts for container");
    gofer.signal("SIGTERM");
    expect(await gofer.exited).toBe(exitCodes.terminated);
    const { stderr, log, debugLog } = gofer.said;
    expect(stderr).toBe("bun-gofer: ended at once by SIGTERM\n");
    expect(JSON.parse(log)).toEqual({ msg: "bun-gofer: ended at once by SIGTERM", level: "error" });
    expect(debugLog).toEndWith("bun-gofer: ended at once by SIGTERM\n");
  });

  processTest("is ended while a hook runs, and takes it along", async ({ container, start }) => {
    const script = `echo $$ >"${container.path("started")}"; exec sleep 1000`;
    const hooks = { createContainer: [{ path: "/bin/sh", args: ["sh", "-c", script] }] };
    const gofer = start(optionsFor(container, { hooks }));
    gofer.synchronize();
    while (!existsSync(container.path("started"))) await Bun.sleep(5);
    gofer.signal("SIGTERM");
    expect(await gofer.exited).toBe(exitCodes.terminated);
  });

  processTest("is not ended by SIGPIPE, SIGCHLD and the doorbell's SIGIO", async ({ container, start }) => {
    const gofer = start(optionsFor(container));
    const client = served(gofer);
    using channel = ChannelClient.open(client);
    const { controlFd } = client.expect("mount", undefined).root;
    for (const signal of ["SIGPIPE", "SIGCHLD", "SIGIO"] as const) gofer.signal(signal);
    expect(channel.call("fStat", { fd: controlFd })).not.toBeString();
    expect((await gofer.end()).status).toBe(exitCodes.success);
  });
});

describe("SIGQUIT", () => {
  hangingTest("has the state of the gofer logged, which goes on serving", async ({ container, start }) => {
    const gofer = start(optionsFor(container));
    const client = served(gofer);
    using channel = ChannelClient.open(client);
    const { controlFd } = client.expect("mount", undefined).root;
    await using _hanging = await letSyncsHang(gofer.pid);
    sendHangingSync(client);
    const state = await stateWith(gofer, "call fsync under way");
    expect(state).toEqual([
      expect.stringMatching(/^bun-gofer .* up for \d+\.\d{3} s$/),
      expect.stringMatching(
        /^2 connections, 1 requests under way, \d+ nodes in the tree, 1 blocking calls under way and 0 waiting/,
      ),
      expect.stringMatching(/^memory: \d+ bytes of arena, \d+ bytes of heap since the start$/),
      expect.stringMatching(/^connection "\/": socket \d+, 0 channels, 0 control FDs/),
      expect.stringMatching(
        /^connection "\/data": socket \d+, 1 channels, 4 control FDs, 1 open FDs, 0 bound sockets$/,
      ),
      expect.stringMatching(/^request fSync from "\/data" socket under way for \d+\.\d{3} s$/),
      expect.stringMatching(/^call fsync under way for \d+\.\d{3} s$/),
      "requests so far: mount 3, channel 1, walk 1, openAt 1, fSync 1",
    ]);
    expect(channel.call("fStat", { fd: controlFd })).not.toBeString();
  });

  processTest("that comes during the start is answered when the gofer serves", async ({ container, start }) => {
    const gofer = start(optionsFor(container));
    await gofer.logged("starts for container");
    gofer.signal("SIGQUIT");
    served(gofer);
    await gofer.logged("state: requests so far");
    expect((await gofer.end()).status).toBe(exitCodes.success);
  });
});

describe("children that nobody waits for", () => {
  processTest("are reaped, those too that ended while hooks still ran", async ({ container, start }) => {
    // The grandchild outlives its parent and ends while the second hook runs, as a child of the gofer.
    const leave = { path: "/bin/sh", args: ["sh", "-c", "sleep 0.1 >/dev/null 2>&1 & exit 0"] };
    const wait = { path: "/bin/sh", args: ["sh", "-c", "sleep 0.5"] };
    const gofer = start(optionsFor(container, { hooks: { createContainer: [leave, wait] } }));
    served(gofer);
    expect(gofer.procFile(`task/${gofer.pid}/children`)).toBe("");
    expect((await gofer.end()).status).toBe(exitCodes.success);
  });
});
