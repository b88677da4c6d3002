import { describe, expect } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type BundleOptions, writeBundle } from "./support/bundle.ts";
import { callers } from "./support/caller.ts";
import { expectGofers } from "./support/gofer-observation.ts";
import { type Mode, runsc, runscOutput, startRunsc } from "./support/runsc.ts";
import { sandboxTest } from "./support/sandbox-test.ts";
import type { Workspace } from "./support/workspace.ts";

const modes: readonly Mode[] = [
  { directfs: false, overlay: "none" },
  { directfs: false, overlay: "default" },
  { directfs: true, overlay: "none" },
  { directfs: true, overlay: "default" },
];

/** A bundle with a read-only and a writable bind mount, at /input and /output. */
function bundleWithTwoMounts(workspace: Workspace, bundle: Pick<BundleOptions, "name" | "script">) {
  const input = workspace.makeDirectory("input");
  const output = workspace.makeDirectory("output");
  workspace.writeFile("input/given", "from the host\n");
  return writeBundle(workspace, {
    ...bundle,
    mounts: [
      { source: input, destination: "/input", options: ["ro", "rbind"] },
      { source: output, destination: "/output" },
    ],
  });
}

for (const caller of callers) {
  for (const mode of modes) {
    describe(`${caller.name}, directfs ${mode.directfs ? "on" : "off"}, overlay ${mode.overlay}`, () => {
      const writesReachHost = mode.overlay === "none";

      sandboxTest(
        "do: the sandbox reads the host's files, and writes to them unless overlaid",
        { caller },
        async (ws) => {
          const shared = ws.makeDirectory("shared");
          ws.writeFile("shared/given", "from the host\n");
          // `do` sets its overlay by a flag of its own, whatever --overlay2 says.
          const words = ["do", "--quiet", `--force-overlay=${!writesReachHost}`, "--volume", `${shared}:${shared}`];
          const script = `cd ${shared} && cat given && echo from the sandbox > made && mkdir -p a/b && mv made a/b && cat a/b/made`;
          const output = await runscOutput(ws, mode, [...words, "sh", "-c", script]);
          expect(output).toBe("from the host\nfrom the sandbox\n");
          expect(readdirSync(shared).sort()).toEqual(writesReachHost ? ["a", "given"] : ["given"]);
          if (writesReachHost) {
            expect(readFileSync(join(shared, "a/b/made"), "utf8")).toBe("from the sandbox\n");
          }
        },
      );

      sandboxTest("do: the gofer under test serves it", { caller }, async (ws) => {
        const running = startRunsc(ws, mode, ["do", "--quiet", "sh", "-c", "read -r line; echo got $line; exit 7"]);
        await expectGofers(ws, 1);
        running.finishInput("a line\n");
        expect(await running.outcome()).toMatchObject({ status: 7, stdout: "got a line\n" });
      });

      sandboxTest(
        "run: bind mounts are shared with the host, the root file system unless overlaid",
        { caller },
        async (ws) => {
          const bundle = bundleWithTwoMounts(ws, {
            name: "bundle",
            script: "cat /input/given && cp /input/given /output/copy && echo made > /etc/made && cat /etc/made",
          });
          const before = readdirSync(bundle.rootfs).sort();
          const output = await runscOutput(ws, mode, ["run", `--bundle=${bundle.directory}`, "one"]);
          expect(output).toBe("from the host\nmade\n");
          expect(readFileSync(ws.path("output/copy"), "utf8")).toBe("from the host\n");
          expect(existsSync(join(bundle.rootfs, "etc/made"))).toBe(writesReachHost);
          // The gofer makes the mount points that were missing, and the sandbox those of its own mounts, through the gofer.
          // Nothing else appears, and the overlay's backing file does not stay.
          const made = ["input", "output", ...(writesReachHost ? ["dev", "proc", "sys"] : [])];
          expect(readdirSync(bundle.rootfs).sort()).toEqual([...before, ...made].sort());
        },
      );

      sandboxTest("run: a read-only bind mount refuses every change and the host sees none", { caller }, async (ws) => {
        const attempts = [
          "echo x > /input/new",
          "echo x >> /input/given",
          "mkdir /input/directory",
          "rm /input/given",
          "mv /input/given /input/renamed",
          "ln /input/given /input/link",
          "ln -s given /input/symlink",
          "chmod 600 /input/given",
          "truncate -s 0 /input/given",
          "touch -d @0 /input/given",
        ];
        const attempt = (command: string): string => `{ ${command}; } 2>&1 | grep -c 'Read-only file system'`;
        const { rootfs, directory } = bundleWithTwoMounts(ws, {
          name: "bundle",
          script: `${attempts.map(attempt).join("\n")}\ncat /input/given`,
        });
        const output = await runscOutput(ws, mode, ["run", `--bundle=${directory}`, "one"]);
        expect(output).toBe(`${"1\n".repeat(attempts.length)}from the host\n`);
        expect(readdirSync(ws.path("input"))).toEqual(["given"]);
        expect(readFileSync(ws.path("input/given"), "utf8")).toBe("from the host\n");
        expect(readdirSync(join(rootfs, "input"))).toEqual([]);
      });

      sandboxTest("run: the exit status is the container's", { caller }, async (ws) => {
        const bundle = bundleWithTwoMounts(ws, { name: "bundle", script: "exit 42" });
        const outcome = await runsc(ws, mode, ["run", `--bundle=${bundle.directory}`, "one"], { log: false });
        expect(outcome).toEqual({ status: 42, stdout: "", stderr: "" });
      });
    });
  }
}
