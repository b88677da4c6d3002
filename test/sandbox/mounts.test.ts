import { describe, expect } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type BindMount, type BundleOptions, writeBundle } from "./support/bundle.ts";
import { anyCaller as caller, callers } from "./support/caller.ts";
import { dataPath, type Mode, type Outcome, runsc, runscOutput } from "./support/runsc.ts";
import { sandboxTest } from "./support/sandbox-test.ts";
import type { Workspace } from "./support/workspace.ts";

const permissionBits = 0o7777;

async function run(ws: Workspace, mode: Mode, options: Omit<BundleOptions, "name">): Promise<string> {
  const bundle = writeBundle(ws, { name: "bundle", ...options });
  return await runscOutput(ws, mode, ["run", `--bundle=${bundle.directory}`, "one"]);
}

/** Runs a bundle that runsc or its gofer must refuse. */
async function runRefused(ws: Workspace, options: Omit<BundleOptions, "name" | "script">): Promise<Outcome> {
  const bundle = writeBundle(ws, { name: "bundle", script: "echo started", ...options });
  const outcome = await runsc(ws, dataPath, ["run", `--bundle=${bundle.directory}`, "one"]);
  expect(outcome.stdout).toBe("");
  expect(outcome.status).not.toBe(0);
  return outcome;
}

for (const directfs of [false, true]) {
  const mode: Mode = { directfs, overlay: "none" };
  describe(`mounts, directfs ${directfs ? "on" : "off"}`, () => {
    for (const each of callers) {
      sandboxTest(`${each.name}: a single file can be a mount, read-only or writable`, { caller: each }, async (ws) => {
        const given = ws.writeFile("given", "given\n");
        const log = ws.writeFile("log", "first\n");
        const output = await run(ws, mode, {
          script: "cat /etc/given; echo second >> /data/deep/log; echo x 2>/dev/null > /etc/given || echo refused",
          mounts: [
            { source: given, destination: "/etc/given", options: ["ro"] },
            { source: log, destination: "/data/deep/log" },
          ],
        });
        expect(output).toBe("given\nrefused\n");
        expect(readFileSync(given, "utf8")).toBe("given\n");
        expect(readFileSync(log, "utf8")).toBe("first\nsecond\n");
        // The mount points were made as empty files.
        expect(readFileSync(ws.path("bundle/rootfs/etc/given"), "utf8")).toBe("");
        expect(readFileSync(ws.path("bundle/rootfs/data/deep/log"), "utf8")).toBe("");
      });

      sandboxTest(`${each.name}: a mount inside a mount hides what is below it`, { caller: each }, async (ws) => {
        ws.writeFile("outer/inner/hidden", "hidden\n");
        ws.writeFile("outer/seen", "seen\n");
        const inner = ws.makeDirectory("inner");
        const output = await run(ws, mode, {
          script: "cd /data && find . -type f | sort && echo made > inner/made && echo made > inner/deep/made",
          mounts: [
            { source: ws.path("outer"), destination: "/data", options: ["ro"] },
            { source: inner, destination: "/data/inner" },
            { source: ws.makeDirectory("deep"), destination: "/data/inner/deep" },
          ],
        });
        expect(output).toBe("./seen\n");
        expect(readdirSync(ws.path("outer/inner"))).toEqual(["hidden"]);
        expect(readdirSync(inner).sort()).toEqual(["deep", "made"]);
        expect(readdirSync(ws.path("deep"))).toEqual(["made"]);
      });
    }

    sandboxTest(
      "a mount point below a symbolic link is resolved inside the root file system",
      { caller },
      async (ws) => {
        const targets = {
          absolute: "/real/absolute",
          relative: "../real/relative",
          climbing: `${"../".repeat(20)}real/climbing`,
          chained: "/links/relative/further",
        };
        const mounts: BindMount[] = [];
        for (const [name, target] of Object.entries(targets)) {
          ws.makeSymlink(`bundle/rootfs/links/${name}`, target);
          ws.writeFile(`source-${name}/name`, `${name}\n`);
          mounts.push({ source: ws.path(`source-${name}`), destination: `/links/${name}/mounted` });
        }
        ws.makeDirectory("bundle/rootfs/real/relative");
        const output = await run(ws, mode, { script: "cd /real && cat */mounted/name */*/mounted/name", mounts });
        expect(output).toBe("absolute\nclimbing\nrelative\nchained\n");
        expect(readdirSync(ws.path("bundle/rootfs/real")).sort()).toEqual(["absolute", "climbing", "relative"]);
        expect(readdirSync(ws.path("bundle/rootfs/real/absolute/mounted"))).toEqual([]);
      },
    );

    sandboxTest("a mount point that is a link out of the root file system stays inside it", { caller }, async (ws) => {
      const outside = ws.makeDirectory("outside");
      // Followed on the host, both links lead to `outside`.
      ws.makeSymlink("bundle/rootfs/absolute", outside);
      ws.makeSymlink("bundle/rootfs/relative", "../../outside");
      ws.writeFile("source/name", "mounted\n");
      const output = await run(ws, mode, {
        script: `cat ${outside}/a/name /outside/b/name`,
        mounts: [
          { source: ws.path("source"), destination: "/absolute/a" },
          { source: ws.path("source"), destination: "/relative/b" },
        ],
      });
      expect(output).toBe("mounted\nmounted\n");
      expect(readdirSync(outside)).toEqual([]);
      expect(readdirSync(join(ws.path("bundle/rootfs"), outside))).toEqual(["a"]);
      expect(readdirSync(ws.path("bundle/rootfs/outside"))).toEqual(["b"]);
    });

    sandboxTest("a missing mount point is made, with the directories above it", { caller }, async (ws) => {
      ws.writeFile("source/name", "mounted\n");
      const mounts = [{ source: ws.path("source"), destination: "/a/b/c" }];
      expect(await run(ws, mode, { script: "cat /a/b/c/name", mounts })).toBe("mounted\n");
      const made = statSync(ws.path("bundle/rootfs/a/b/c"));
      expect(made.isDirectory()).toBe(true);
      expect(readdirSync(ws.path("bundle/rootfs/a/b/c"))).toEqual([]);
    });

    sandboxTest("many mounts are served at once, each by its own connection", { caller }, async (ws) => {
      const numbers = Array.from({ length: 30 }, (_, index) => index);
      const mounts = numbers.map((number) => {
        ws.writeFile(`source-${number}/name`, `${number}\n`);
        return { source: ws.path(`source-${number}`), destination: `/data/${number}` };
      });
      const script = 'cd /data; for n in *; do echo "seen $(cat $n/name)" > $n/answer & done; wait; ls | wc -l';
      expect(await run(ws, mode, { script, mounts })).toBe("30\n");
      const answers = numbers.map((number) => readFileSync(ws.path(`source-${number}/answer`), "utf8"));
      expect(answers).toEqual(numbers.map((number) => `seen ${number}\n`));
    });

    sandboxTest("a read-only root file system refuses changes, a mount on it does not", { caller }, async (ws) => {
      const output = await run(ws, mode, {
        script: "mkdir /made 2>&1 | grep -o 'Read-only file system'; echo x > /data/made && cat /data/made",
        rootReadonly: true,
        mounts: [{ source: ws.makeDirectory("output"), destination: "/data" }],
      });
      expect(output).toBe("Read-only file system\nx\n");
      expect(existsSync(ws.path("bundle/rootfs/made"))).toBe(false);
      expect(readdirSync(ws.path("output"))).toEqual(["made"]);
    });

    sandboxTest("an open file outlives its name", { caller }, async (ws) => {
      const data = ws.makeDirectory("data");
      ws.writeFile("data/read", "still here\n");
      const output = await run(ws, mode, {
        script: "cd /data; exec 3< read 4> written; rm read written; cat <&3; echo gone >&4; ls; echo done",
        mounts: [{ source: data, destination: "/data" }],
      });
      expect(output).toBe("still here\ndone\n");
      expect(readdirSync(data)).toEqual([]);
    });

    sandboxTest("modes, links, times and sizes set inside are those on the host", { caller }, async (ws) => {
      const output = ws.makeDirectory("output");
      await run(ws, mode, {
        script: [
          "cd /data",
          "umask 027",
          "echo text > plain && chmod 4751 plain",
          "mkdir directory",
          "ln plain hard && ln -s plain soft",
          "touch -d @1000000000 directory/dated",
          "truncate -s 123456789 sparse",
        ].join(" && "),
        mounts: [{ source: output, destination: "/data" }],
      });
      const plain = statSync(join(output, "plain"));
      expect({ mode: plain.mode & permissionBits, links: plain.nlink, uid: plain.uid }).toEqual({
        mode: 0o4751,
        links: 2,
        uid: ws.caller.uid,
      });
      expect(statSync(join(output, "directory")).mode & permissionBits).toBe(0o750);
      expect(readFileSync(join(output, "soft"), "utf8")).toBe("text\n");
      expect(statSync(join(output, "directory/dated")).mtimeMs).toBe(1_000_000_000_000);
      expect(statSync(join(output, "sparse")).size).toBe(123_456_789);
    });
  });
}

describe("propagation", () => {
  for (const option of ["shared", "rshared"]) {
    sandboxTest(`a mount with ${option} is refused`, { caller }, async (ws) => {
      const mounts = [{ source: ws.makeDirectory("source"), destination: "/data", options: ["rbind", option] }];
      const { stderr } = await runRefused(ws, { mounts });
      expect(stderr).toContain(`mount option "${option}" is not supported`);
      expect(existsSync(ws.path("bundle/rootfs/usr/bin"))).toBe(false);
    });
  }

  sandboxTest("a shared root file system is refused", { caller }, async (ws) => {
    const { stderr } = await runRefused(ws, { rootfsPropagation: "shared" });
    expect(stderr).toContain("root mount propagation option must specify private or slave");
  });

  sandboxTest("two propagations for one mount are refused", { caller }, async (ws) => {
    const mounts = [{ source: ws.makeDirectory("source"), destination: "/data", options: ["private", "slave"] }];
    await runRefused(ws, { mounts });
  });

  async function listMountWith(ws: Workspace, option: string): Promise<string> {
    ws.writeFile("source/name", "mounted\n");
    const mounts = [{ source: ws.path("source"), destination: "/data", options: ["rbind", "ro", option] }];
    const script = "ls /data; touch /data/new 2>/dev/null || echo refused";
    return await run(ws, dataPath, { script, mounts, rootfsPropagation: "rprivate" });
  }

  for (const option of ["private", "rprivate", "slave", "rslave"]) {
    sandboxTest(`a mount with ${option} works, under a private root file system`, { caller }, async (ws) => {
      expect(await listMountWith(ws, option)).toBe("name\nrefused\n");
    });
  }

  // The root file system with all its mounts is bound to where the gofer serves it, and what is unbindable stays out.
  for (const option of ["unbindable", "runbindable"]) {
    sandboxTest(`a mount with ${option} shows its empty mount point`, { caller }, async (ws) => {
      expect(await listMountWith(ws, option)).toBe("refused\n");
      expect(readdirSync(ws.path("bundle/rootfs/data"))).toEqual([]);
    });
  }
});
