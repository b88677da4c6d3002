import { describe, expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeBundle } from "./support/bundle.ts";
import { anyCaller, callers } from "./support/caller.ts";
import { runConfined } from "./support/confined-run.ts";
import { dataPath, runsc } from "./support/runsc.ts";
import { sandboxTest } from "./support/sandbox-test.ts";
import type { Workspace } from "./support/workspace.ts";

/** A hook that runs a shell script, which gets the workspace as $1. */
function hookRunning(ws: Workspace, script: string) {
  return { path: "/bin/sh", args: ["sh", "-c", script, "sh", ws.directory] };
}

describe("createContainer hooks", () => {
  for (const caller of callers) {
    sandboxTest(
      `${caller.name}: what a hook mounts is served, and the gofer is confined after it`,
      { caller },
      async (ws) => {
        const mountpoint = join(ws.path("bundle/rootfs"), "mnt");
        const hooks = [
          hookRunning(ws, 'cat > "$1/state.json"'),
          hookRunning(ws, `mount -t tmpfs hooked ${mountpoint} && echo of the hook > ${mountpoint}/file`),
        ];
        const output = await runConfined(ws, dataPath, {
          script: "cat /mnt/file; echo more >> /mnt/file; cat /mnt/file",
          createContainerHooks: hooks,
        });
        expect(output).toBe("of the hook\nof the hook\nmore\n");
        const state: unknown = JSON.parse(readFileSync(ws.path("state.json"), "utf8"));
        expect(state).toMatchObject({ id: "one", status: "creating", bundle: ws.path("bundle") });
      },
    );
  }

  sandboxTest("a container whose hook fails does not start", { caller: anyCaller }, async (ws) => {
    const createContainerHooks = [hookRunning(ws, "echo no good >&2; exit 3")];
    const bundle = writeBundle(ws, { name: "bundle", script: "echo started", createContainerHooks });
    const outcome = await runsc(ws, dataPath, ["run", `--bundle=${bundle.directory}`, "one"]);
    expect(outcome.status).not.toBe(0);
    expect(outcome.stdout).toBe("");
  });
});
