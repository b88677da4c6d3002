import { describe, expect } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type BindMount, writeBundle } from "./support/bundle.ts";
import { type Caller, callers, root, rootless } from "./support/caller.ts";
import { expectConfinedGofers } from "./support/confined-run.ts";
import { containerStatus, expectFile, killAndDelete } from "./support/container.ts";
import { expectGofers } from "./support/gofer-observation.ts";
import { processesMentioning } from "./support/process-table.ts";
import { dataPath, type Mode, runsc, runscDetached, runscOutput, startRunsc } from "./support/runsc.ts";
import { sandboxTest } from "./support/sandbox-test.ts";
import type { Workspace } from "./support/workspace.ts";

function writableMount(ws: Workspace): BindMount {
  return { source: ws.makeDirectory("output"), destination: "/output" };
}

for (const directfs of [false, true]) {
  const mode: Mode = { directfs, overlay: "none" };
  describe(`directfs ${directfs ? "on" : "off"}`, () => {
    sandboxTest(
      "create, start, exec, kill, delete: the gofer lives as long as the container",
      { caller: root },
      async (ws) => {
        const script = "echo started > /output/started; exec sleep 1000";
        const bundle = writeBundle(ws, { name: "bundle", script, mounts: [writableMount(ws)] });

        await runscDetached(ws, mode, ["create", `--bundle=${bundle.directory}`, "one"]);
        await expectGofers(ws, 1);
        expect(await containerStatus(ws, mode, "one")).toBe("created");
        expect(existsSync(ws.path("output/started"))).toBe(false);

        await runscOutput(ws, mode, ["start", "one"]);
        await expectFile(ws.path("output/started"));
        expect(await containerStatus(ws, mode, "one")).toBe("running");

        const script2 = "cat /output/started; echo executed > /output/executed; echo in rootfs > /etc/made";
        expect(await runscOutput(ws, mode, ["exec", "one", "/bin/sh", "-c", script2])).toBe("started\n");
        expect(readFileSync(ws.path("output/executed"), "utf8")).toBe("executed\n");
        expect(readFileSync(join(bundle.rootfs, "etc/made"), "utf8")).toBe("in rootfs\n");
        await expectGofers(ws, 1);

        await killAndDelete(ws, mode, "one");
        await expectGofers(ws, 0);
      },
    );

    sandboxTest("run: a file the host changes is seen changed by a running container", { caller: root }, async (ws) => {
      ws.writeFile("output/word", "before\n");
      const script =
        "cat /output/word; touch /output/ready; until [ -e /output/go ]; do sleep 0.05; done; cat /output/word";
      const bundle = writeBundle(ws, { name: "bundle", script, mounts: [writableMount(ws)] });
      const running = startRunsc(ws, mode, ["run", `--bundle=${bundle.directory}`, "one"]);
      await expectFile(ws.path("output/ready"));
      ws.writeFile("output/word", "after!\n");
      ws.writeFile("output/go", "");
      expect(await running.outcome()).toMatchObject({ status: 0, stdout: "before\nafter!\n" });
    });
  });
}

sandboxTest("the gofer ends by itself when its sandbox is killed", { caller: root }, async (ws) => {
  const bundle = writeBundle(ws, { name: "bundle", script: "exec sleep 1000", mounts: [writableMount(ws)] });
  await runscDetached(ws, dataPath, ["run", "--detach", `--bundle=${bundle.directory}`, "one"]);
  await expectGofers(ws, 1);
  for (const { pid } of processesMentioning(ws.directory).filter(({ argv }) => argv[0] === "runsc-sandbox")) {
    process.kill(pid, "SIGKILL");
  }
  await expectGofers(ws, 0);
  await runscOutput(ws, dataPath, ["delete", "--force", "one"]);
});

function twoSandboxes(caller: Caller): void {
  sandboxTest(`${caller.name}: two sandboxes at once share a mount and have a gofer each`, { caller }, async (ws) => {
    const mount = writableMount(ws);
    const talk = (own: string, other: string): string =>
      `echo ${own} > /output/${own}; until [ -s /output/${other} ]; do sleep 0.05; done; cat /output/${other}; read -r line`;
    const bundles = [
      writeBundle(ws, { name: "first", script: talk("ping", "pong"), mounts: [mount] }),
      writeBundle(ws, { name: "second", script: talk("pong", "ping"), mounts: [mount] }),
    ];
    const runs = bundles.map((bundle, index) =>
      startRunsc(ws, dataPath, ["run", `--bundle=${bundle.directory}`, `container-${index}`]),
    );
    await expectGofers(ws, 2);
    for (const run of runs) {
      run.finishInput("\n");
    }
    const outcomes = await Promise.all(runs.map((run) => run.outcome()));
    expect(outcomes.map(({ status, stdout }) => ({ status, stdout }))).toEqual([
      { status: 0, stdout: "pong\n" },
      { status: 0, stdout: "ping\n" },
    ]);
  });
}

for (const caller of callers) {
  twoSandboxes(caller);
}

sandboxTest("a second container in a sandbox gets a gofer of its own", { caller: root }, async (ws) => {
  const mount = writableMount(ws);
  const keepAlive = "exec sleep 1000";
  const type = "io.kubernetes.cri.container-type";
  const pod = writeBundle(ws, { name: "pod", script: keepAlive, annotations: { [type]: "sandbox" } });
  const member = writeBundle(ws, {
    name: "member",
    script: `echo member > /output/member; ${keepAlive}`,
    mounts: [mount],
    annotations: { [type]: "container", "io.kubernetes.cri.sandbox-id": "pod" },
  });
  await runscDetached(ws, dataPath, ["run", "--detach", `--bundle=${pod.directory}`, "pod"]);
  await expectGofers(ws, 1);
  await runscDetached(ws, dataPath, ["create", `--bundle=${member.directory}`, "member"]);
  // It is `start` that hands a second container its standard output.
  await runscDetached(ws, dataPath, ["start", "member"]);
  await expectGofers(ws, 2);
  await expectFile(ws.path("output/member"));
  await expectConfinedGofers(ws, { gofers: 2 });
  expect((await runsc(ws, dataPath, ["exec", "pod", "/usr/bin/test", "-e", "/output"])).status).toBe(1);

  await killAndDelete(ws, dataPath, "member");
  await expectGofers(ws, 1);
  await killAndDelete(ws, dataPath, "pod");
});

sandboxTest("exec: a rootless container can be entered", { caller: rootless }, async (ws) => {
  const bundle = writeBundle(ws, { name: "bundle", script: "exec sleep 1000", mounts: [writableMount(ws)] });
  await runscDetached(ws, dataPath, ["run", "--detach", `--bundle=${bundle.directory}`, "one"]);
  await runscOutput(ws, dataPath, ["exec", "one", "/bin/sh", "-c", "echo executed > /output/executed"]);
  expect(readFileSync(ws.path("output/executed"), "utf8")).toBe("executed\n");
  await killAndDelete(ws, dataPath, "one");
});
