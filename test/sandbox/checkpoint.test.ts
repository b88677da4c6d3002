import { describe, expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Bundle, writeBundle } from "./support/bundle.ts";
import { root as caller } from "./support/caller.ts";
import { expectConfinedGofers } from "./support/confined-run.ts";
import { containerStatus, deleteWhenStopped, expectFile } from "./support/container.ts";
import { expectGofers } from "./support/gofer-observation.ts";
import { type Mode, runscDetached, runscOutput } from "./support/runsc.ts";
import { sandboxTest } from "./support/sandbox-test.ts";
import type { Workspace } from "./support/workspace.ts";

/** Keeps files open while it waits for the word to go on. What it then finds goes to /data/result. */
const script = `
cd /data
echo to be read > read; exec 3< read
echo before > written; exec 4>> written
echo of the root > /etc/kept; exec 5< /etc/kept
mkdir directory; cd directory
touch ../ready
until [ -e ../go ]; do sleep 0.05; done
cat <&3 > ../result
echo after >&4
cat <&5 >> ../result
touch made-later
exec 3<&- 4>&- 5<&-
touch ../done
exec sleep 1000`;

async function startAndWaitUntilReady(ws: Workspace, mode: Mode): Promise<Bundle> {
  const mounts = [{ source: ws.makeDirectory("data"), destination: "/data" }];
  const bundle = writeBundle(ws, { name: "bundle", script, mounts });
  await runscDetached(ws, mode, ["run", "--detach", `--bundle=${bundle.directory}`, "one"]);
  await expectFile(ws.path("data/ready"));
  return bundle;
}

/** Has the container go on, and checks what it makes of its open files. */
async function finish(ws: Workspace, bundle: Bundle): Promise<void> {
  ws.writeFile("data/go", "");
  await expectFile(ws.path("data/done"));
  expect(readFileSync(ws.path("data/result"), "utf8")).toBe("to be read\nof the root\n");
  expect(readFileSync(ws.path("data/written"), "utf8")).toBe("before\nafter\n");
  expect(readFileSync(join(bundle.rootfs, "etc/kept"), "utf8")).toBe("of the root\n");
  await expectFile(ws.path("data/directory/made-later"));
  await expectConfinedGofers(ws);
}

for (const directfs of [false, true]) {
  const mode: Mode = { directfs, overlay: "none" };
  describe(`directfs ${directfs ? "on" : "off"}`, () => {
    sandboxTest(
      "a restored container goes on with its open files, and its new gofer is confined",
      { caller },
      async (ws) => {
        const bundle = await startAndWaitUntilReady(ws, mode);
        await runscOutput(ws, mode, ["checkpoint", `--image-path=${ws.path("image")}`, "one"]);
        await deleteWhenStopped(ws, mode, "one");
        await expectGofers(ws, 0);

        const image = `--image-path=${ws.path("image")}`;
        await runscDetached(ws, mode, ["restore", "--detach", image, `--bundle=${bundle.directory}`, "two"]);
        await expectConfinedGofers(ws);
        await finish(ws, bundle);
        await runscOutput(ws, mode, ["delete", "--force", "two"]);
      },
    );

    sandboxTest("a container that goes on after a checkpoint keeps its gofer", { caller }, async (ws) => {
      const bundle = await startAndWaitUntilReady(ws, mode);
      const image = `--image-path=${ws.path("image")}`;
      await runscOutput(ws, mode, ["checkpoint", "--leave-running", image, "one"]);
      await finish(ws, bundle);
      await runscOutput(ws, mode, ["delete", "--force", "one"]);
    });

    sandboxTest("a container goes on after a pause", { caller }, async (ws) => {
      const bundle = await startAndWaitUntilReady(ws, mode);
      await runscOutput(ws, mode, ["pause", "one"]);
      expect(await containerStatus(ws, mode, "one")).toBe("paused");
      await runscOutput(ws, mode, ["resume", "one"]);
      expect(await containerStatus(ws, mode, "one")).toBe("running");
      await finish(ws, bundle);
      await runscOutput(ws, mode, ["delete", "--force", "one"]);
    });
  });
}
