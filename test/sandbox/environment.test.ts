import { expect } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { writeBundle } from "./support/bundle.ts";
import { callers } from "./support/caller.ts";
import { expectGofers } from "./support/gofer-observation.ts";
import { hostOutput } from "./support/host-command.ts";
import { gofersMentioning } from "./support/process-table.ts";
import { dataPath, type Mode, startRunsc } from "./support/runsc.ts";
import { sandboxTest } from "./support/sandbox-test.ts";
import { underTest } from "./support/under-test.ts";
import type { Workspace } from "./support/workspace.ts";

const modes: readonly Mode[] = [dataPath, { directfs: true, overlay: "default" }];

/** Code that leaves a file in `sprung` when a process loads it, and the variables that make processes do so. */
interface Traps {
  readonly sprung: string;
  readonly library: string;
  readonly script: string;
  readonly variables: Readonly<Record<string, string>>;
}

function setTraps(ws: Workspace): Traps {
  const sprung = ws.makeDirectory("sprung");
  const script = ws.writeFile("trap.cjs", `require("node:fs").writeFileSync("${sprung}/script", "");\n`);
  const source = ws.writeFile(
    "trap.c",
    `#include <fcntl.h>\n__attribute__((constructor)) static void spring(void) { creat("${sprung}/library", 0644); }\n`,
  );
  const library = ws.path("trap.so");
  hostOutput(ws, ["gcc", "-shared", "-fPIC", "-o", library, source]);
  const variables = {
    BUN_BE_BUN: "1",
    BUN_INSPECT_PRELOAD: script,
    BUN_OPTIONS: `--preload=${script}`,
    GLIBC_TUNABLES: "glibc.malloc.perturb=1",
    LD_LIBRARY_PATH: ws.directory,
    LD_PRELOAD: library,
    NODE_OPTIONS: `--require=${script}`,
  };
  return { sprung, library, script, variables };
}

for (const caller of callers) {
  const { gofer } = underTest;
  const reason = gofer === undefined ? "the stock gofer heeds none of these variables" : caller.unavailable;
  for (const mode of modes) {
    sandboxTest(
      `${caller.name}, directfs ${mode.directfs ? "on" : "off"}: of runsc's environment the gofer gets only what is its own`,
      { caller: { ...caller, unavailable: reason }, programs: ["gcc", "env"] },
      async (ws) => {
        const { sprung, variables } = setTraps(ws);
        const counts = ws.path("output/counts");
        const bundle = writeBundle(ws, {
          name: "bundle",
          script: "cat /output/given; read -r line; echo $line",
          mounts: [{ source: ws.makeDirectory("output"), destination: "/output" }],
        });
        ws.writeFile("output/given", "from the host\n");
        const running = startRunsc(ws, mode, ["run", `--bundle=${bundle.directory}`, "one"], {
          variables: { ...variables, BUN_GOFER_STATS: counts, TZ: "UTC" },
        });
        await expectGofers(ws, 1);
        expect(gofersMentioning(ws.directory).map(({ pid }) => environmentOf(pid))).toEqual([
          [`BUN_GOFER_STATS=${counts}`, "TZ=UTC"],
        ]);
        running.finishInput("done\n");
        expect(await running.outcome()).toMatchObject({ status: 0, stdout: "from the host\ndone\n" });
        expect(readdirSync(sprung)).toEqual([]);
        expect(readFileSync(counts).some((byte) => byte !== 0)).toBe(true);
      },
    );
  }

  sandboxTest(
    `${caller.name}: a gofer that gets these variables runs somebody else's code`,
    { caller: { ...caller, unavailable: reason }, programs: ["gcc", "env"] },
    async (ws) => {
      const { sprung, library, script } = setTraps(ws);
      const executable = ws.caller.executables.gofer ?? "";
      const versionWith = (variable: string) => hostOutput(ws, ["env", variable, executable, "--version"]);
      const version = hostOutput(ws, [executable, "--version"]);
      expect(versionWith("BUN_BE_BUN=1")).not.toBe(version);
      expect(versionWith(`LD_PRELOAD=${library}`)).toBe(version);
      expect(existsSync(`${sprung}/library`)).toBe(true);
      expect(versionWith(`BUN_OPTIONS=--preload=${script}`)).toBe(version);
      expect(existsSync(`${sprung}/script`)).toBe(true);
    },
  );
}

/** Sorted. */
function environmentOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").slice(0, -1).sort();
}
