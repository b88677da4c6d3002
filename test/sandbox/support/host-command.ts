import type { Workspace } from "./workspace.ts";

const shownCharactersMax = 2000;

/**
 * Runs a program on the host itself, as the workspace's caller and in the workspace, and returns its standard output.
 * Throws, with the beginning of what it said, when it failed.
 */
export function hostOutput(workspace: Workspace, command: readonly string[], stdin?: string): string {
  const result = Bun.spawnSync([...workspace.caller.commandPrefix, ...command], {
    cwd: workspace.directory,
    env: {
      PATH: "/usr/local/bin:/usr/bin:/bin",
      HOME: workspace.temporaryDirectory,
      LANG: "C.UTF-8",
      LC_ALL: "C.UTF-8",
    },
    stdin: stdin === undefined ? "ignore" : Buffer.from(stdin),
  });
  const stdout = result.stdout.toString();
  if (!result.success) {
    const said = `${stdout}${result.stderr.toString()}`.slice(0, shownCharactersMax);
    throw new Error(`${command.join(" ")}: status ${result.exitCode}\n${said}`);
  }
  return stdout;
}
