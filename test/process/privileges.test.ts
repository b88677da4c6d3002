import { describe, expect, test } from "bun:test";
import { readdirSync, readlinkSync } from "node:fs";
import { availableParallelism } from "node:os";
import { exitCodes } from "../../src/gofer/exit-codes.ts";
import type { GoferOptions, GoferProcess } from "./support/gofer-process.ts";
import { type PrivilegeMode, privilegeModes, strayThreads } from "./support/privileges.ts";
import { type ProcessTest, processTest } from "./support/process-test.ts";
import { buildThreadChurn, whyNoThreadChurn } from "./support/thread-churn.ts";
import { until } from "./support/until.ts";

const [byDefault] = privilegeModes;

/** More channels than one futex_waitv(2) waits on: the others have helper threads. */
const channelsPerConnection = Math.min(4, Math.max(2, availableParallelism()));
const manyConnections = Math.ceil(128 / channelsPerConnection);

/** A gofer that serves. */
function serving({ container, start }: ProcessTest, options: Partial<GoferOptions> = {}): GoferProcess {
  const gofer = start({ spec: container.spec(), mountConfs: "lisafs:none", ...options });
  gofer.synchronize();
  gofer.readMounts();
  gofer.mounted(0);
  return gofer;
}

function expectPrivileges(gofer: GoferProcess, mode: PrivilegeMode | undefined): ReadonlySet<string> {
  if (mode === undefined) throw new Error("there is no such mode");
  const { stray, seen } = strayThreads(gofer.pid, mode);
  expect(stray).toEqual([]);
  return seen;
}

describe("every thread of a gofer that serves has the privileges it needs and no others", () => {
  for (const mode of privilegeModes) {
    processTest(mode.name, async (given) => {
      const gofer = serving(given, mode.options);
      expect(expectPrivileges(gofer, mode).size).toBeGreaterThan(1);
      const { bounding, ambient } = /applied .*(?<bounding>bounding=\w+) .*(?<ambient>ambient=\w+)/.exec(
        gofer.said.debugLog,
      )?.groups ?? { bounding: undefined, ambient: undefined };
      expect([bounding, ambient]).toEqual([
        `bounding=0x${mode.wanted["CapBnd"]?.replace(/^0+/, "")}`,
        `ambient=0x${mode.wanted["CapAmb"]?.replace(/^0+/, "")}`,
      ]);
    });
  }

  processTest("those too that start when it is at work", async (given) => {
    const { container } = given;
    const mounts = Array.from({ length: manyConnections - 1 }, (_, index) => ({
      destination: `/data${index}`,
      type: "bind",
      source: "data",
    }));
    const mountConfs = Array.from({ length: manyConnections }, () => "lisafs:none").join();
    const gofer = serving(given, { spec: container.spec(mounts), mountConfs });
    const before = expectPrivileges(gofer, byDefault);
    for (const client of gofer.clients) {
      for (let count = 0; count < channelsPerConnection; count++) client.expect("channel", undefined);
    }
    gofer.mounted(manyConnections - 1);
    // The gofer starts them when it next has nothing to do.
    await until("threads start", () => {
      const after = expectPrivileges(gofer, byDefault);
      return after.difference(before).size > 0 || undefined;
    });
  });

  const whileThreadsComeAndGo = "however many come and go while it starts";
  if (whyNoThreadChurn === undefined) {
    processTest(whileThreadsComeAndGo, async (given) => {
      const library = buildThreadChurn(given.container.directory);
      const gofer = serving(given, { environment: { LD_PRELOAD: library } });
      expect(expectPrivileges(gofer, byDefault).size).toBeGreaterThan(1);
    });
  } else {
    test.skip(`${whileThreadsComeAndGo} (skipped: ${whyNoThreadChurn})`, () => {});
  }
});

describe("a gofer process", () => {
  processTest("keeps its capabilities where --apply-caps=false, but can gain no privileges", async (given) => {
    const gofer = serving(given, { flags: ["--apply-caps=false"] });
    const own = /^CapEff:\s+(\w+)$/m.exec(await Bun.file("/proc/self/status").text())?.[1] ?? "";
    expectPrivileges(gofer, { name: "", options: {}, wanted: { CapEff: own, CapPrm: own, NoNewPrivs: "1" } });
  });

  processTest("leaves no core dump", async (given) => {
    expect(serving(given).procFile("limits")).toMatch(/^Max core file size +0 +0 /m);
  });

  processTest("holds no descriptor but those it needs", async (given) => {
    // One that nobody said anything about, which leads out of the container's root.
    const wrapper = ["bash", "-c", 'exec {stray}</etc; exec "$@"', "wrapper"];
    const gofer = serving(given, { wrapper });
    const { container } = given;
    expect(openFilesOf(gofer)).toEqual([
      // The directory /proc/self/fd, which alone is mounted there.
      "/",
      // Standard input and output.
      "/dev/null",
      // In place of the pinned ring, seen from a mount that is gone.
      "/null",
      // Of the client, who has mounted the root.
      "/root",
      container.path("debug-log"),
      container.path("log"),
      container.path("stderr"),
      "anon_inode:[eventfd]",
      "anon_inode:[eventpoll]",
      // A connection, and the one that brings the sandbox's pidfd.
      "socket",
      "socket",
    ]);
    expect(gofer.said.debugLog).toMatch(/descriptor \d+ was open and nobody needs it: closed target=.*\/etc/);
  });
});

/** What the descriptors of the process lead to, sorted; but for sockets, each file once. */
function openFilesOf(gofer: GoferProcess): string[] {
  const directory = `/proc/${gofer.pid}/fd`;
  const targets = new Set(readdirSync(directory).map((fd) => readlinkSync(`${directory}/${fd}`)));
  return [...targets].map((target) => target.replace(/^socket:.*/, "socket")).sort();
}

/**
 * Sets up a root as the gofer would, in the mount namespace of the gofer that it executes. The proc file system is that of another
 * PID namespace, so the process has to ask it for its own ID.
 */
const rootSetUp = `
  read -r id _ </proc/self/stat
  mount --make-rslave / && mount --bind rootfs /root && mount --bind /proc/$id/fd /proc/fs || exit 1`;

/** Whether the proc file system is mounted in the mount namespace of the gofer, outside of its root. */
function procIsMountedFor({ pid }: GoferProcess): boolean {
  return Bun.spawnSync(["nsenter", `--mount=/proc/${pid}/ns/mnt`, "test", "-e", "/proc/self"]).success;
}

describe("a gofer process whose root was set up before", () => {
  processTest("serves it, and leaves /proc to who set it up", async (given) => {
    const wrapper = ["bash", "-c", `${rootSetUp}; exec "$@"`, "wrapper"];
    const gofer = serving(given, { wrapper, flags: ["--setup-root=false"] });
    expect(readlinkSync(`/proc/${gofer.pid}/root`)).toBe("/root");
    expect(readdirSync(`/proc/${gofer.pid}/root/etc`)).toEqual(["name"]);
    expect(procIsMountedFor(gofer)).toBe(true);
    expectPrivileges(gofer, byDefault);
  });

  processTest("has /proc unmounted by who waits for that", async (given) => {
    const unmounter = "head -c 1 >/dev/null && umount --lazy /proc";
    const launch = `exec {sync}> >(${unmounter}); exec "\${@:1:$#-1}" --proc-mount-sync-fd=$sync "\${@: -1}"`;
    const wrapper = ["bash", "-c", `${rootSetUp}; ${launch}`, "wrapper"];
    const gofer = serving(given, { wrapper, flags: ["--setup-root=false"] });
    expect(procIsMountedFor(gofer)).toBe(false);
    expectPrivileges(gofer, byDefault);
  });

  processTest("fails when nobody unmounts /proc", async (given) => {
    const launch = `exec {sync}> >(:); exec "\${@:1:$#-1}" --proc-mount-sync-fd=$sync "\${@: -1}"`;
    const wrapper = ["bash", "-c", `${rootSetUp}; ${launch}`, "wrapper"];
    const { status, stderr } = await given.fail({
      spec: given.container.spec(),
      mountConfs: "lisafs:none",
      wrapper,
      flags: ["--setup-root=false"],
    });
    expect(status).toBe(exitCodes.peer);
    expect(stderr).toContain("--proc-mount-sync-fd: ");
  });
});
