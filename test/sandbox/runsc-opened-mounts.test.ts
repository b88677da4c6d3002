import { describe, expect } from "bun:test";
import { chmodSync, chownSync, lchownSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { type BundleOptions, type IdMapping, writeBundle } from "./support/bundle.ts";
import { root } from "./support/caller.ts";
import { expectGofers } from "./support/gofer-observation.ts";
import { gofersMentioning } from "./support/process-table.ts";
import { dataPath, type Mode, runscDetached, runscOutput } from "./support/runsc.ts";
import { sandboxTest } from "./support/sandbox-test.ts";
import type { Workspace } from "./support/workspace.ts";

/** The first ID on the host of the ranges used here; in the sandbox it is 0. */
const firstId = 700_000;
const idsInRange = 65_536;

/** In an id-mapped mount it is the other way round: what the file system has is the container's, what is seen is the host's. */
const shiftDown: readonly IdMapping[] = [{ containerID: firstId, hostID: 0, size: idsInRange }];
const shiftUp: readonly IdMapping[] = [{ containerID: 0, hostID: firstId, size: idsInRange }];

async function run(ws: Workspace, mode: Mode, options: Omit<BundleOptions, "name">): Promise<string> {
  const bundle = writeBundle(ws, { name: "bundle", ...options });
  return await runscOutput(ws, mode, ["run", `--bundle=${bundle.directory}`, "one"]);
}

/** A file, with the directory it is in, of the user and group that are `id` in a sandbox. */
function writeShifted(ws: Workspace, name: string, id: number): string {
  const path = ws.writeFile(name, `${name}\n`);
  chownSync(path, firstId + id, firstId + id);
  return path;
}

function ownerOf(path: string): string {
  const { uid, gid } = statSync(path);
  return `${uid}:${gid}`;
}

const idMapped = { uidMappings: shiftDown, gidMappings: shiftDown };

/** The options of what is mounted at `point` in the gofer's root. */
function mountOptionsIn(pid: number, point: string): string {
  const lines = readFileSync(`/proc/${pid}/mountinfo`, "utf8").split("\n");
  const fields = lines.map((line) => line.split(" ")).find(([, , , , mounted]) => mounted === point);
  return fields?.[5] ?? "not mounted";
}

sandboxTest("the options of an id-mapped mount are those of the gofer's mount", { caller: root }, async (ws) => {
  const optionsWanted = {
    "/data/plain": [["rbind"], "rw,nosuid,relatime,idmapped"],
    "/data/all": [
      ["bind", "ro", "nodev", "noexec", "noatime", "nodiratime"],
      "ro,nosuid,nodev,noexec,noatime,nodiratime,idmapped",
    ],
    "/data/private": [["rbind", "ro", "rprivate"], "ro,nosuid,relatime,idmapped"],
  } as const;
  const source = ws.makeDirectory("source");
  const mounts = Object.entries(optionsWanted).map(([destination, [options]]) => ({
    source,
    destination,
    options,
    ...idMapped,
  }));
  const bundle = writeBundle(ws, { name: "bundle", script: "exec sleep 1000", mounts });
  await runscDetached(ws, dataPath, ["run", "--detach", `--bundle=${bundle.directory}`, "one"]);
  await expectGofers(ws, 1);
  const [gofer] = gofersMentioning(ws.directory);
  const seen = Object.keys(optionsWanted).map((point) => mountOptionsIn(gofer?.pid ?? 0, point));
  expect(seen).toEqual(Object.values(optionsWanted).map(([, wanted]) => wanted));
  await runscOutput(ws, dataPath, ["delete", "--force", "one"]);
});

for (const directfs of [false, true]) {
  const mode: Mode = { directfs, overlay: "none" };

  describe(`id-mapped mounts, directfs ${directfs ? "on" : "off"}`, () => {
    sandboxTest("owners are shifted inside, and back for what is made there", { caller: root }, async (ws) => {
      writeShifted(ws, "source/file", 1000);
      lchownSync(ws.path("source"), firstId, firstId);
      const output = await run(ws, mode, {
        script:
          "cd /data && stat -c %u:%g . file && touch made && mkdir sub && chown 5:6 made && chmod 600 made && stat -c %u:%g:%a made sub",
        mounts: [{ source: ws.path("source"), destination: "/data", ...idMapped }],
      });
      expect(output).toBe("0:0\n1000:1000\n5:6:600\n0:0:755\n");
      expect(ownerOf(ws.path("source/made"))).toBe(`${firstId + 5}:${firstId + 6}`);
      expect(ownerOf(ws.path("source/sub"))).toBe(`${firstId}:${firstId}`);
      expect(ownerOf(ws.path("source/file"))).toBe(`${firstId + 1000}:${firstId + 1000}`);
    });

    sandboxTest("a file can be one, and be read-only", { caller: root }, async (ws) => {
      const source = writeShifted(ws, "file", 7);
      const output = await run(ws, mode, {
        script: "stat -c %u:%g /data/deep/file; echo x 2>/dev/null >> /data/deep/file || echo refused",
        mounts: [{ source, destination: "/data/deep/file", options: ["ro"], ...idMapped }],
      });
      expect(output).toBe("7:7\nrefused\n");
      expect(readFileSync(source, "utf8")).toBe("file\n");
      expect(readdirSync(ws.path("bundle/rootfs/data/deep"))).toEqual(["file"]);
    });

    sandboxTest("another mount can be in one", { caller: root }, async (ws) => {
      writeShifted(ws, "source/inner/hidden", 1);
      writeShifted(ws, "source/file", 1);
      writeShifted(ws, "other/seen", 1);
      const output = await run(ws, mode, {
        script: "cd /data && stat -c '%n %u' file inner/seen",
        mounts: [
          { source: ws.path("source"), destination: "/data", options: ["ro", "rbind"], ...idMapped },
          { source: ws.path("other"), destination: "/data/inner" },
        ],
      });
      expect(output).toBe(`file 1\ninner/seen ${firstId + 1}\n`);
    });
  });

  describe(`sources that the gofer may not read, directfs ${directfs ? "on" : "off"}`, () => {
    sandboxTest("are served to a container with users of its own", { caller: root }, async (ws) => {
      const source = ws.path("private/source");
      mkdirSync(source, { recursive: true });
      ws.writeFile("private/source/file", "within\n");
      // Of root, who is nobody in the sandbox: the way to the source is barred there, the source itself is not.
      chmodSync(ws.path("private"), 0o700);
      chmodSync(source, 0o777);
      const output = await run(ws, mode, {
        script: "cat /data/file && echo made > /data/made && ls /data",
        mounts: [{ source, destination: "/data" }],
        userNamespace: shiftUp,
      });
      expect(output).toBe("within\nfile\nmade\n");
      expect(ownerOf(ws.path("private/source/made"))).toBe(`${firstId}:${firstId}`);
    });
  });
}
