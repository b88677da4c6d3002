import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { runCreateContainerHooks } from "../../../src/gofer/hooks.ts";
import type { HookDocument } from "../../../src/gofer/spec-schema.ts";
import { TemporaryDirectory } from "../elf/support/temporary-directory.ts";
import { logLines } from "./support/log-lines.ts";
import { reasonOf, successOf } from "./support/reason-of.ts";

const container = { id: "c1", bundle: "/bundle", annotations: new Map([["key", "value"]]) };

function run(...hooks: HookDocument[]) {
  return runCreateContainerHooks(hooks, container, logLines().log);
}

function shell(script: string, more: Partial<HookDocument> = {}): HookDocument {
  return { path: "/bin/sh", args: ["hook-name", "-c", script], ...more };
}

// The last step, which lets the kernel reap, is not undone: these tests run hooks that fail, or run in processes of their own.
describe("runCreateContainerHooks()", () => {
  test("fails with the first hook that fails, and what it said", () => {
    using temporary = new TemporaryDirectory();
    const file = temporary.at("order");
    const failure = run(
      shell(`echo first >> ${file}`),
      shell(`echo second >> ${file}; echo said; echo cried >&2; exit 3`),
      shell(`echo third >> ${file}`),
    );
    expect(reasonOf(failure)).toBe('hook: hook /bin/sh: status 3, stdout "said", stderr "cried"');
    expect(readFileSync(file, "utf8")).toBe("first\nsecond\n");
  });

  test("tells a hook of its container, under the name and with the variables it asks for", () => {
    const failure = run(shell("cat; echo; echo $0; env; exit 1", { env: ["A=1", "B=x=y"] }));
    const output = JSON.parse(/stdout (".*"), stderr/.exec(reasonOf(failure))?.[1] ?? "");
    const [state, name, ...variables] = String(output).split("\n");
    expect(JSON.parse(state ?? "")).toEqual({
      ociVersion: "1.2.1",
      id: "c1",
      status: "creating",
      pid: -1,
      bundle: "/bundle",
      annotations: { key: "value" },
    });
    expect(name).toBe("hook-name");
    expect(variables).toContain("A=1");
    expect(variables).toContain("B=x=y");
    expect(variables.some((variable) => variable.startsWith("HOME="))).toBe(false);
  });

  test.each<Partial<HookDocument>>([{}, { env: null }, { env: [] }])(
    "gives a hook with %j no variable",
    (variables) => {
      const failure = run({ path: "/bin/cat", args: ["cat", "/proc/self/environ", "/no/such/file"], ...variables });
      expect(reasonOf(failure)).toContain('status 1, stdout "", stderr');
    },
  );

  test("kills a hook that takes longer than it may", () => {
    expect(reasonOf(run(shell("exec sleep 60", { timeout: 1 })))).toContain("not done after 1 s");
  });

  test.each<[hook: HookDocument, reason: string]>([
    [{ path: "relative" }, "spec: hook relative: want an absolute path"],
    [{ path: "" }, "spec: hook : want an absolute path"],
    [shell("true", { timeout: 0 }), "spec: hook /bin/sh: want a timeout above 0, got 0"],
    [{ path: "/no/such/hook" }, "hook: hook /no/such/hook: cannot be started"],
  ])("refuses %j", (hook, reason) => {
    expect(reasonOf(run(hook))).toStartWith(reason);
  });

  test("passes over NVIDIA's hooks, which know nothing of gVisor", () => {
    const { log, lines } = logLines();
    const hooks = [
      { path: "/opt/nvidia-container-runtime-hook" },
      { path: "/opt/nvidia-cdi-hook", args: ["nvidia-cdi-hook", "disable-device-node-modification"] },
      { path: "/opt/nvidia-cdi-hook", args: ["nvidia-cdi-hook", "create-symlinks"] },
    ];
    expect(reasonOf(runCreateContainerHooks(hooks, container, log))).toContain("nvidia-cdi-hook: cannot be started");
    expect(lines).toHaveLength(2);
    expect(successOf(lines[0])).toContain("passing over");
  });
});
