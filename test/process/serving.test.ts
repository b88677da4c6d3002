import { describe, expect } from "bun:test";
import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { exitCodes } from "../../src/gofer/exit-codes.ts";
import { messages } from "../../src/wire/messages.ts";
import type { Container, SpecMount } from "./support/container.ts";
import { processTest } from "./support/process-test.ts";

/** Mounts of every kind: through a link, a file, read-only, one below another, and some that no gofer serves. */
function allMounts(container: Container): SpecMount[] {
  return [
    { destination: "/proc", type: "proc", source: "proc" },
    { destination: "/link/", type: "bind", source: "data", options: ["rbind"], ofTheFuture: { kept: [1] } },
    { destination: "/image", type: "erofs", source: "/image.erofs" },
    { destination: "/ro", source: container.path("data"), options: ["bind", "ro", "noexec"] },
    { destination: "/real/place/inner", type: "bind", source: "data/inner", options: ["rbind", "rprivate"] },
    { destination: "/etc/single", type: "bind", source: "single" },
  ];
}

const allConfs = "lisafs:none,lisafs:none,erofs:none,lisafs:none,lisafs:memory,lisafs:none";

/** Sources start at the bundle. */
function absolute(container: Container, source: string): string {
  return source.startsWith("/") ? source : container.path(source);
}

/** Mount points and their options, sorted, in the gofer's own mount namespace. */
function mountTable(mountinfo: string): string[] {
  return mountinfo
    .trimEnd()
    .split("\n")
    .map((line) => line.split(" "))
    .map(([, , , , point = "", options = ""]) => `${point} ${options.replace(",relatime", "")}`)
    .sort();
}

/** Orders to try: as given, backwards, and rotated by some. */
const orders: readonly (readonly [name: string, reorder: (flags: readonly string[]) => string[]])[] = [
  ["runsc's order", (flags) => [...flags]],
  ["the opposite order", (flags) => flags.toReversed()],
  ["an order of its own", (flags) => [...flags.slice(flags.length / 2), ...flags.slice(0, flags.length / 2)]],
];

describe("a gofer process", () => {
  for (const [name, reorder] of orders) {
    processTest(`serves the root and each mount, with its flags in ${name}`, async ({ container, start }) => {
      const globalFlags = ["--root=/nowhere", "--directfs=false", "--flag-of-the-future=1", "--network=none"];
      const flags = ["--another-flag-of-the-future=x"];
      const spec = container.spec(allMounts(container));
      // The order of the connections counts, so only runsc's own flags can be turned round along with them.
      const keepsConnections = (given: readonly string[]) => {
        const connections = given.filter((flag) => flag.startsWith("--io-fds="));
        return [...reorder(given.filter((flag) => !flag.startsWith("--io-fds="))), ...connections];
      };
      const gofer = start({ spec, mountConfs: allConfs, globalFlags, flags, reorder: keepsConnections });
      gofer.synchronize();
      gofer.readMounts();
      for (const index of gofer.clients.keys()) gofer.mounted(index);
      const { status, stderr, log, debugLog } = await gofer.end();
      expect({ status, stderr, log }).toEqual({ status: exitCodes.success, stderr: "", log: "" });
      for (const part of [
        "starts for container container-1",
        "seccomp filter on all threads",
        "unknown flag ignored: --another-flag-of-the-future",
        "serving / ",
        "serving /real/place/inner ",
        "exit",
      ]) {
        expect(debugLog).toContain(part);
      }
    });
  }

  processTest(
    "tells the sandbox where the mounts are, and keeps what it does not know",
    async ({ container, start }) => {
      const mounts = allMounts(container);
      const gofer = start({ spec: container.spec(mounts), mountConfs: allConfs });
      gofer.synchronize();
      const sent = JSON.parse(gofer.readMounts()) as { destination: string; options?: string[] }[];
      expect(sent.map(({ destination }) => destination)).toEqual([
        "/proc",
        "/real/place",
        "/image",
        "/ro",
        "/real/place/inner",
        "/etc/single",
      ]);
      for (const [index, mount] of mounts.entries()) {
        const { destination: _asked, options: asked = [], source, ...rest } = mount;
        const { destination: _resolved, options = [], ...kept } = sent[index] ?? { destination: "" };
        expect(kept).toEqual({ ...rest, source: absolute(container, source) });
        // What comes after is what the sandbox must know of the host's file system.
        expect(options.slice(0, asked.length)).toEqual([...asked]);
      }
    },
  );

  processTest("mounts everything for itself alone, with the options asked for", async ({ container, start }) => {
    const gofer = start({ spec: container.spec(allMounts(container)), mountConfs: allConfs });
    gofer.synchronize();
    gofer.readMounts();
    gofer.mounted(0);
    expect(mountTable(gofer.procFile("mountinfo"))).toEqual([
      "/ rw",
      "/etc/single rw,nosuid",
      "/real/place rw,nosuid",
      "/real/place/inner ro,nosuid",
      "/ro ro,nosuid,noexec",
    ]);
    expect(gofer.procFile("status")).toMatch(/^Umask:\s+0000$/m);
    expect(existsSync(container.path("rootfs/real/place/inner"))).toBe(false);
    expect(existsSync(container.path("rootfs/real/place"))).toBe(true);
    expect(readFileSync(container.path("rootfs/etc/single"), "utf8")).toBe("");
  });

  processTest("serves an overlaid root from a read-only mount", async ({ container, start }) => {
    const gofer = start({ spec: container.spec(), mountConfs: "lisafs:self" });
    gofer.synchronize();
    gofer.readMounts();
    gofer.mounted(0);
    expect(mountTable(gofer.procFile("mountinfo"))).toEqual(["/ ro,nosuid,nodev"]);
  });

  processTest("serves mounts of a container whose root is an image", async ({ container, start }) => {
    const spec = container.spec([{ destination: "/data", type: "bind", source: "data" }], {
      root: { path: "/no/such" },
    });
    const gofer = start({ spec, mountConfs: "erofs:memory,lisafs:none" });
    gofer.synchronize();
    expect(JSON.parse(gofer.readMounts())).toMatchObject([{ destination: "/data" }]);
    gofer.mounted(0);
    expect(mountTable(gofer.procFile("mountinfo")).map((line) => line.split(" ")[0])).toContain("/data");
  });

  processTest("sees the bundle through a symbolic link", async ({ container, start }) => {
    symlinkSync("rootfs", container.path("alias"));
    const mounts = [{ destination: "/data", type: "bind", source: "data" }];
    const gofer = start({
      spec: container.spec(mounts, { root: { path: "alias" } }),
      mountConfs: "lisafs:none,lisafs:none",
    });
    gofer.synchronize();
    gofer.readMounts();
    gofer.mounted(1);
    expect(existsSync(container.path("rootfs/data"))).toBe(true);
  });

  processTest("waits for runsc before it touches anything", async ({ container, start }) => {
    const gofer = start({ spec: container.spec(allMounts(container)), mountConfs: allConfs });
    gofer.disturbSynchronization();
    const { status, debugLog } = await gofer.end();
    expect(status).toBe(exitCodes.peer);
    expect(debugLog).not.toContain("mounting");
    expect(existsSync(container.path("rootfs/real"))).toBe(false);
  });

  processTest("takes on the IDs it is given when the user namespace is ready", async ({ container, start }) => {
    const flags = ["--uid=0", "--gid=65534"];
    const gofer = start({ spec: container.spec(), mountConfs: "lisafs:none", userNamespace: true, flags });
    gofer.synchronize();
    gofer.readMounts();
    gofer.mounted(0);
    expect(gofer.procFile("status")).toMatch(/^Gid:\s+65534\s+65534/m);
  });

  processTest("heeds --fdlimit", async ({ container, start }) => {
    const globalFlags = ["--fdlimit=123"];
    const gofer = start({ spec: container.spec(), mountConfs: "lisafs:none", globalFlags });
    gofer.synchronize();
    gofer.readMounts();
    gofer.mounted(0);
    expect(gofer.procFile("limits")).toMatch(/^Max open files\s+123\s+123/m);
  });

  processTest("serves /dev on the connection for devices", async ({ container, start }) => {
    const gofer = start({ spec: container.spec(), mountConfs: "lisafs:none", devices: true });
    gofer.synchronize();
    gofer.readMounts();
    gofer.mounted(1);
    expect(existsSync(container.path("rootfs/dev"))).toBe(true);
  });

  processTest("keeps the host's root for gVisor's own tests", async ({ container, start }) => {
    const globalFlags = ["--TESTONLY-unsafe-nonroot"];
    const mounts = [{ destination: "/data", type: "bind", source: "data" }];
    const gofer = start({ spec: container.spec(mounts), mountConfs: "lisafs:none,lisafs:none", globalFlags });
    gofer.synchronize();
    expect(JSON.parse(gofer.readMounts())).toMatchObject([{ destination: "/data" }]);
    gofer.mounted(0);
    gofer.mounted(1);
  });

  processTest("counts requests in the file that BUN_GOFER_STATS names", async ({ container, start }) => {
    const environment = { BUN_GOFER_STATS: container.path("counts-%ID%") };
    const gofer = start({ spec: container.spec(), mountConfs: "lisafs:none", environment });
    gofer.synchronize();
    gofer.readMounts();
    gofer.mounted(0).expect("mount", undefined);
    const counts = readFileSync(container.path("counts-container-1"));
    expect(counts.readBigUInt64LE(messages.mount.id * 8)).toBe(2n);
    const { status } = await gofer.end();
    expect(status).toBe(exitCodes.success);
  });

  processTest("runs createContainer hooks with everything in place", async ({ container, start }) => {
    const script = "cat > state; cat rootfs/real/place/file rootfs/etc/name > seen";
    const hooks = { createContainer: [{ path: "/bin/sh", args: ["sh", "-c", script] }] };
    const mounts = [{ destination: "/link", type: "bind", source: "data" }];
    const gofer = start({ spec: container.spec(mounts, { hooks }), mountConfs: "lisafs:none,lisafs:none" });
    gofer.synchronize();
    gofer.readMounts();
    expect(JSON.parse(container.read("state"))).toMatchObject({ id: "container-1", bundle: container.directory });
    expect(container.read("seen")).toBe("data\nroot\n");
  });

  processTest("lets the kernel reap what hooks leave running", async ({ container, start }) => {
    const script = "(exec sleep 0) >/dev/null 2>&1 & exec true";
    const hooks = { createContainer: [{ path: "/bin/sh", args: ["sh", "-c", script] }] };
    const gofer = start({ spec: container.spec([], { hooks }), mountConfs: "lisafs:none" });
    gofer.synchronize();
    gofer.readMounts();
    gofer.mounted(0);
    // SIGCHLD is ignored: bit 16 of the mask.
    const ignored = BigInt(`0x${/^SigIgn:\s+(\w+)$/m.exec(gofer.procFile("status"))?.[1]}`);
    expect((ignored >> 16n) & 1n).toBe(1n);
  });
});
