import { describe, expect } from "bun:test";
import { readlinkSync, statSync } from "node:fs";
import { writeBundle } from "./support/bundle.ts";
import { root, rootless } from "./support/caller.ts";
import { expectConfinedGofers } from "./support/confined-run.ts";
import { expectFile } from "./support/container.ts";
import { gofersMentioning } from "./support/process-table.ts";
import { dataPath, type Mode, runscDetached, runscOutput } from "./support/runsc.ts";
import { sandboxTest } from "./support/sandbox-test.ts";
import type { Workspace } from "./support/workspace.ts";

const networkNamespaceOf = (pid: number | "self"): string => readlinkSync(`/proc/${pid}/ns/net`);

/**
 * Starts containers one after the other, each with its gofer in a network namespace as `kind` says. Gives the namespaces
 * of the gofers that run then, which must be confined.
 */
async function goferNamespaces(ws: Workspace, kind: string, containers: readonly string[]): Promise<string[]> {
  const mode: Mode = { ...dataPath, flags: [`--gofer-network-namespace=${kind}`] };
  const output = ws.makeDirectory("output");
  for (const id of containers) {
    const bundle = writeBundle(ws, {
      name: `bundle-${id}`,
      script: `echo ${id} > /output/${id}; exec sleep 1000`,
      mounts: [{ source: output, destination: "/output" }],
    });
    await runscDetached(ws, mode, ["run", "--detach", `--bundle=${bundle.directory}`, id]);
    await expectFile(ws.path(`output/${id}`));
  }
  await expectConfinedGofers(ws, { gofers: containers.length });
  const namespaces = gofersMentioning(ws.directory).map(({ pid }) => networkNamespaceOf(pid));
  for (const id of containers) {
    await runscOutput(ws, mode, ["delete", "--force", id]);
  }
  return namespaces;
}

for (const caller of [root, rootless]) {
  describe(`${caller.name}: the gofer's network namespace`, () => {
    sandboxTest("new: each gofer has one of its own", { caller }, async (ws) => {
      const namespaces = await goferNamespaces(ws, "new", ["one", "two"]);
      expect(new Set([...namespaces, networkNamespaceOf("self")]).size).toBe(3);
    });

    sandboxTest("host: it is runsc's", { caller }, async (ws) => {
      expect(await goferNamespaces(ws, "host", ["one"])).toEqual([networkNamespaceOf("self")]);
    });

    sandboxTest("null: it is not runsc's", { caller }, async (ws) => {
      const [namespace] = await goferNamespaces(ws, "null", ["one"]);
      expect(namespace).not.toBe(networkNamespaceOf("self"));
    });
  });
}

describe("root: the gofer's network namespace", () => {
  sandboxTest(
    "null: gofers of one state directory share the one that is pinned there",
    { caller: root },
    async (ws) => {
      const namespaces = await goferNamespaces(ws, "null", ["one", "two"]);
      const pinned = `net:[${statSync(ws.path("state/null-netns")).ino}]`;
      expect(namespaces).toEqual([pinned, pinned]);
    },
  );

  sandboxTest("a path: it is the one there", { caller: root, programs: ["unshare"] }, async (ws) => {
    const holder = Bun.spawn(["unshare", "--net", "sh", "-c", "echo; exec sleep 1000"], {
      stdin: "ignore",
      stdout: "pipe",
    });
    try {
      await holder.stdout.getReader().read();
      const namespaces = await goferNamespaces(ws, `/proc/${holder.pid}/ns/net`, ["one"]);
      expect(namespaces).toEqual([networkNamespaceOf(holder.pid)]);
      expect(namespaces).not.toEqual([networkNamespaceOf("self")]);
    } finally {
      holder.kill();
      await holder.exited;
    }
  });
});
