import { describe, expect } from "bun:test";
import { existsSync, symlinkSync } from "node:fs";
import { type ExitReason, exitCodes } from "../../src/gofer/exit-codes.ts";
import type { Container } from "./support/container.ts";
import type { GoferOptions } from "./support/gofer-process.ts";
import { processTest } from "./support/process-test.ts";

const dataMount = { destination: "/data", type: "bind", source: "data" };
const mapping = [{ containerID: 0, hostID: 1000, size: 1 }];
const idMappedMount = { ...dataMount, uidMappings: mapping, gidMappings: mapping };
const bothConfs = "lisafs:none,lisafs:none";

/** A start that cannot work: why, what is wrong with it, and what is to come of it. */
interface BadStart {
  readonly what: string;
  readonly exit: ExitReason;
  /** Stands in every message. */
  readonly reason: string;
  options(container: Container): GoferOptions;
}

const badStarts: readonly BadStart[] = [
  {
    what: "the spec is empty",
    exit: "spec",
    reason: "spec: not JSON",
    options: () => ({ spec: "", mountConfs: "lisafs:none" }),
  },
  {
    what: "the spec is not JSON",
    exit: "spec",
    reason: "spec: not JSON",
    options: () => ({ spec: "ociVersion: 1", mountConfs: "lisafs:none" }),
  },
  {
    what: "the spec is not valid",
    exit: "spec",
    reason: "spec: process.args is missing",
    options: (container) => ({ spec: container.spec([], { process: {} }), mountConfs: "lisafs:none" }),
  },
  {
    what: "a destination is relative",
    exit: "spec",
    reason: 'must be an absolute path, got "data"',
    options: (container) => ({ spec: container.spec([{ ...dataMount, destination: "data" }]), mountConfs: bothConfs }),
  },
  {
    what: "an annotation of the root is wrong",
    exit: "spec",
    reason: "dev.gvisor.spec.rootfs.type=floppy",
    options: (container) => ({
      spec: container.spec([], { annotations: { "dev.gvisor.spec.rootfs.type": "floppy" } }),
      mountConfs: "lisafs:none",
    }),
  },
  {
    what: "a connection is missing",
    exit: "plan",
    reason: "want 2 descriptors in --io-fds, one for each mount to serve, got 1",
    options: (container) => ({ spec: container.spec([dataMount]), mountConfs: bothConfs, connections: 1 }),
  },
  {
    what: "there is a connection too many",
    exit: "plan",
    reason: "want 2 descriptors in --io-fds, one for each mount to serve, got 3",
    options: (container) => ({ spec: container.spec([dataMount]), mountConfs: bothConfs, connections: 3 }),
  },
  {
    what: "a mount has no configuration",
    exit: "plan",
    reason: "want 2 mount configurations, for the root and each mount, got 1",
    options: (container) => ({ spec: container.spec([dataMount]), mountConfs: "lisafs:none" }),
  },
  {
    what: "a mount configuration is wrong",
    exit: "usage",
    reason: '--gofer-mount-confs: "lisafs:floppy": want an upper layer of none, memory, self, anon',
    options: (container) => ({ spec: container.spec(), mountConfs: "lisafs:floppy" }),
  },
  {
    what: "one of runsc's flags has a wrong value",
    exit: "usage",
    reason: 'invalid value "some" for flag --host-uds: want none, open, create, all',
    options: (container) => ({
      spec: container.spec(),
      mountConfs: "lisafs:none",
      globalFlags: ["--host-uds=some"],
    }),
  },
  {
    what: "one of the gofer's flags has a wrong value",
    exit: "usage",
    reason: 'invalid value "root" for flag --uid',
    options: (container) => ({ spec: container.spec(), mountConfs: "lisafs:none", flags: ["--uid=root"] }),
  },
  {
    what: "a descriptor is not open",
    exit: "usage",
    reason: "descriptor 9999 is not open",
    options: (container) => ({ spec: container.spec(), mountConfs: "lisafs:none", flags: ["--io-fds=9999"] }),
  },
  {
    what: "the source of a mount is gone",
    exit: "mountSource",
    reason: "mount /gone: the source",
    options: (container) => ({
      spec: container.spec([dataMount, { ...dataMount, destination: "/gone", source: "gone" }]),
      mountConfs: "lisafs:none,lisafs:none,lisafs:none",
    }),
  },
  {
    what: "the root is gone",
    exit: "mountSource",
    reason: "cannot open the container's root",
    options: (container) => ({ spec: container.spec([], { root: { path: "gone" } }), mountConfs: "lisafs:none" }),
  },
  {
    what: "a mount maps IDs and runsc does not answer",
    exit: "peer",
    reason: "opened by runsc: cannot send the request: EPIPE",
    options: (container) => ({ spec: container.spec([idMappedMount]), mountConfs: bothConfs }),
  },
  {
    what: "a mount maps IDs and runsc cannot make it",
    exit: "mountSource",
    reason: "opened by runsc: no such file system",
    options: (container) => ({
      spec: container.spec([idMappedMount]),
      mountConfs: bothConfs,
      rpcReply: '{"success":false,"err":"no such file system","result":{}}',
    }),
  },
  {
    what: "a mount maps IDs and runsc answers without a mount",
    exit: "peer",
    reason: "unexpected reply from runsc: 0 descriptors, want 1",
    options: (container) => ({
      spec: container.spec([idMappedMount]),
      mountConfs: bothConfs,
      rpcReply: '{"success":true,"err":"","result":{}}',
    }),
  },
  {
    what: "a device for a proxy is not there",
    exit: "system",
    reason: "device /dev/nvidiactl: ",
    options: (container) => ({
      spec: container.spec([], { linux: { devices: [{ path: "/dev/nvidiactl", type: "c" }] } }),
      mountConfs: "lisafs:none",
      devices: true,
    }),
  },
  {
    what: "a link leads in a circle",
    exit: "system",
    reason: "too many symbolic links",
    options: (container) => ({
      spec: container.spec([{ ...dataMount, destination: "/circle/data" }]),
      mountConfs: bothConfs,
    }),
  },
  {
    what: "a directory is to be mounted on a file",
    exit: "system",
    reason: "cannot make the directory",
    options: (container) => ({
      spec: container.spec([{ ...dataMount, destination: "/etc/name" }]),
      mountConfs: bothConfs,
    }),
  },
  {
    what: "a hook fails",
    exit: "hook",
    reason: 'hook /bin/sh: status 7, stdout "", stderr "no such device"',
    options: (container) => {
      const hooks = { createContainer: [{ path: "/bin/sh", args: ["sh", "-c", "echo no such device >&2; exit 7"] }] };
      return { spec: container.spec([dataMount], { hooks }), mountConfs: bothConfs };
    },
  },
  {
    what: "the requests cannot be counted",
    exit: "statistics",
    reason: "which BUN_GOFER_STATS names: ",
    options: (container) => ({
      spec: container.spec(),
      mountConfs: "lisafs:none",
      environment: { BUN_GOFER_STATS: container.path("missing/counts") },
    }),
  },
];

describe("a gofer process that cannot start says so on every channel, when", () => {
  for (const { what, exit, reason, options } of badStarts) {
    processTest(what, async ({ container, fail }) => {
      makeCircle(container);
      const { status, stderr, log, debugLog, mounts } = await fail(options(container));
      expect(status).toBe(exitCodes[exit]);
      const [line = ""] = stderr.split("\n");
      expect(line).toStartWith("bun-gofer: ");
      expect(line).toContain(reason);
      expect(JSON.parse(log)).toEqual({ level: "error", msg: stderr.trimEnd(), time: expect.any(String) });
      expect(debugLog).toContain(`FATAL: ${stderr.trimEnd().slice("bun-gofer: ".length)}`);
      expect(mounts).toBe(stderr);
    });
  }
});

function makeCircle(container: Container): void {
  symlinkSync("/circle", container.path("rootfs/circle"));
}

describe("a gofer process without a log", () => {
  processTest(
    "says why it cannot start on the pipe for the mounts, where runsc quotes it",
    async ({ container, fail }) => {
      const options = { spec: container.spec([dataMount]), mountConfs: "lisafs:none", logs: false };
      const { status, stderr, mounts } = await fail(options);
      expect(status).toBe(exitCodes.plan);
      expect(mounts).toBe("bun-gofer: want 2 mount configurations, for the root and each mount, got 1\n");
      expect(stderr).toBe(mounts);
      expect(() => JSON.parse(mounts)).toThrow();
    },
  );
});

describe("a gofer process that fails", () => {
  processTest("leaves no mount on the host, however far it came", async ({ container, fail }) => {
    const mounts = [dataMount, { ...dataMount, destination: "/gone", source: "gone" }];
    const { status } = await fail({ spec: container.spec(mounts), mountConfs: "lisafs:none,lisafs:none,lisafs:none" });
    expect(status).toBe(exitCodes.mountSource);
    // The mount point was made; what was mounted there went with the gofer. processTest() looks at the mount table.
    expect(existsSync(container.path("rootfs/data"))).toBe(true);
    expect(existsSync(container.path("rootfs/data/file"))).toBe(false);
  });

  processTest("touches nothing where the mistake can be seen beforehand", async ({ container, fail }) => {
    const { status } = await fail({ spec: container.spec([dataMount]), mountConfs: bothConfs, connections: 1 });
    expect(status).toBe(exitCodes.plan);
    expect(existsSync(container.path("rootfs/data"))).toBe(false);
  });
});
