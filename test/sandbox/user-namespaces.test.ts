import { describe, expect } from "bun:test";
import { chownSync, statSync } from "node:fs";
import type { BundleOptions } from "./support/bundle.ts";
import { type Caller, root } from "./support/caller.ts";
import { runConfined } from "./support/confined-run.ts";
import { firstLentId, lentIds, unprivileged, withIdRanges } from "./support/id-ranges.ts";
import type { Mode } from "./support/runsc.ts";
import { sandboxTest } from "./support/sandbox-test.ts";
import type { Workspace } from "./support/workspace.ts";

const ownerOf = (path: string): string => {
  const { uid, gid } = statSync(path);
  return `${uid}:${gid}`;
};

/** Runs a script in a container with a writable mount at /data. Its gofer must be confined. */
async function run(ws: Workspace, mode: Mode, options: Omit<BundleOptions, "name">): Promise<string> {
  return await runConfined(ws, mode, { ...options, mounts: [{ source: ws.path("data"), destination: "/data" }] });
}

/** A mapping of one ID of the container to the caller, for users and for groups. */
function onlyCaller({ uid, gid }: Caller, containerID: number) {
  return {
    userNamespace: [{ containerID, hostID: uid, size: 1 }],
    groupMappings: [{ containerID, hostID: gid, size: 1 }],
  };
}

for (const directfs of [false, true]) {
  const mode: Mode = { directfs, overlay: "none" };
  describe(`user namespaces of the spec, directfs ${directfs ? "on" : "off"}`, () => {
    sandboxTest("root maps one ID: files made inside are that user's", { caller: root }, async (ws) => {
      chownSync(ws.makeDirectory("data"), firstLentId, firstLentId);
      const output = await run(ws, mode, {
        script: "echo x > /data/made && stat -c %u:%g /data /data/made",
        userNamespace: [{ containerID: 0, hostID: firstLentId, size: 1 }],
      });
      expect(output).toBe("0:0\n0:0\n");
      expect(ownerOf(ws.path("data/made"))).toBe(`${firstLentId}:${firstLentId}`);
    });

    sandboxTest("root maps a range: owners can be changed within it", { caller: root }, async (ws) => {
      chownSync(ws.makeDirectory("data"), firstLentId, firstLentId);
      await run(ws, mode, {
        script: "echo x > /data/made && chown 5:6 /data/made",
        userNamespace: [{ containerID: 0, hostID: firstLentId, size: lentIds }],
      });
      expect(ownerOf(ws.path("data/made"))).toBe(`${firstLentId + 5}:${firstLentId + 6}`);
    });

    sandboxTest("an unprivileged user maps itself to root", { caller: unprivileged }, async (ws) => {
      ws.makeDirectory("data");
      const output = await run(ws, mode, {
        script: "echo x > /data/made && mkdir /data/sub && stat -c %u:%g /data/made",
        ...onlyCaller(ws.caller, 0),
      });
      expect(output).toBe("0:0\n");
      expect(ownerOf(ws.path("data/made"))).toBe(`${ws.caller.uid}:${ws.caller.gid}`);
    });

    sandboxTest("an unprivileged user maps itself to a user that is not root", { caller: unprivileged }, async (ws) => {
      ws.makeDirectory("data");
      const output = await run(ws, mode, {
        script: "id -u && id -g && echo x > /data/made && stat -c %u:%g /data/made",
        id: 1000,
        ...onlyCaller(ws.caller, 1000),
      });
      expect(output).toBe("1000\n1000\n1000:1000\n");
      expect(ownerOf(ws.path("data/made"))).toBe(`${ws.caller.uid}:${ws.caller.gid}`);
    });

    sandboxTest("newuidmap and newgidmap map ranges for an unprivileged user", { caller: withIdRanges }, async (ws) => {
      ws.makeDirectory("data");
      const { userNamespace, groupMappings } = onlyCaller(ws.caller, 0);
      const range = { containerID: 1, hostID: firstLentId, size: lentIds };
      await run(ws, mode, {
        script: "echo x > /data/made && chown 5:6 /data/made",
        userNamespace: [...userNamespace, range],
        groupMappings: [...groupMappings, range],
      });
      expect(ownerOf(ws.path("data/made"))).toBe(`${firstLentId + 4}:${firstLentId + 5}`);
    });
  });
}
