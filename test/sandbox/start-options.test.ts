import { describe, expect } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { callers, root, rootless } from "./support/caller.ts";
import { runConfined } from "./support/confined-run.ts";
import type { Mode } from "./support/runsc.ts";
import { sandboxTest } from "./support/sandbox-test.ts";
import type { Workspace } from "./support/workspace.ts";

type Written = { readonly toMount: boolean; readonly toRoot: boolean };

/** Overlays that are tried by every caller; root tries them all. */
const commonOverlays: readonly string[] = ["--overlay2=root:self", "--overlay2=all:memory"];

/** Overlays, and where a container's writes arrive on the host. */
const overlays: readonly (readonly [flag: string, written: Written])[] = [
  ["--overlay2=none", { toMount: true, toRoot: true }],
  ["--overlay2=root:self", { toMount: true, toRoot: false }],
  ["--overlay2=root:memory", { toMount: true, toRoot: false }],
  ["--overlay2=root:dir=DIRECTORY", { toMount: true, toRoot: false }],
  ["--overlay2=all:memory", { toMount: false, toRoot: false }],
  ["--overlay2=all:self", { toMount: false, toRoot: false }],
  ["--overlay2=all:dir=DIRECTORY", { toMount: false, toRoot: false }],
];

/** Reads a file of the host, and writes one in a mount and one in the root, seeing both. */
const readAndWrite = `
  cat /data/given
  echo to the mount > /data/made && cat /data/made
  echo to the root > /etc/made && cat /etc/made
  dd if=/dev/zero of=/data/big bs=64k count=16 conv=fsync 2> /dev/null; stat -c %s /data/big`;
const readBack = "from the host\nto the mount\nto the root\n1048576\n";

async function runReadAndWrite(ws: Workspace, mode: Mode): Promise<string> {
  ws.writeFile("data/given", "from the host\n");
  const mounts = [{ source: ws.path("data"), destination: "/data" }];
  return await runConfined(ws, mode, { script: readAndWrite, mounts });
}

for (const directfs of [false, true]) {
  describe(`directfs ${directfs ? "on" : "off"}`, () => {
    for (const caller of callers) {
      const tried = overlays.filter(([flag]) => caller === root || commonOverlays.includes(flag));
      for (const [flag, { toMount, toRoot }] of tried) {
        sandboxTest(`${caller.name}, ${flag}: writes arrive where they should`, { caller }, async (ws) => {
          const directory = ws.makeDirectory("overlay");
          const flags = [flag.replace("DIRECTORY", directory)];
          expect(await runReadAndWrite(ws, { directfs, overlay: "default", flags })).toBe(readBack);
          expect(readdirSync(ws.path("data")).sort()).toEqual(toMount ? ["big", "given", "made"] : ["given"]);
          expect(existsSync(join(ws.path("bundle/rootfs"), "etc/made"))).toBe(toRoot);
          expect(readdirSync(directory)).toEqual([]);
        });
      }
    }

    for (const flag of [
      "--file-access=shared",
      "--file-access-mounts=exclusive",
      "--network=host",
      "--log-format=json",
      "--debug",
      "--character-device-policy=passthrough",
    ]) {
      sandboxTest(`${flag}: the container does its work`, { caller: root }, async (ws) => {
        expect(await runReadAndWrite(ws, { directfs, overlay: "none", flags: [flag] })).toBe(readBack);
      });
    }

    sandboxTest("--network=sandbox: the container does its work", { caller: root }, async (ws) => {
      expect(await runReadAndWrite(ws, { directfs, overlay: "none", flags: ["--network=sandbox"] })).toBe(readBack);
    });

    sandboxTest("rootless, --network=host: the container does its work", { caller: rootless }, async (ws) => {
      expect(await runReadAndWrite(ws, { directfs, overlay: "none", flags: ["--network=host"] })).toBe(readBack);
    });

    sandboxTest("--TESTONLY-unsafe-nonroot: the gofer stays in the host's mounts", { caller: root }, async (ws) => {
      ws.writeFile("data/given", "from the host\n");
      const output = await runConfined(
        ws,
        { directfs, overlay: "none", flags: ["--TESTONLY-unsafe-nonroot"] },
        { script: readAndWrite, mounts: [{ source: ws.path("data"), destination: "/data" }] },
        { leavesHostRoot: false },
      );
      expect(output).toBe(readBack);
    });
  });
}
