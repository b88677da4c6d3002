import { expect } from "bun:test";
import { existsSync } from "node:fs";
import { becomesTrue } from "./poll.ts";
import { type Mode, runsc, runscOutput } from "./runsc.ts";
import type { Workspace } from "./workspace.ts";

const eventSecondsMax = 20;

/** Waits for a file on the host, which is how a container tells how far it is. */
export async function expectFile(path: string): Promise<void> {
  expect(await becomesTrue(() => existsSync(path), eventSecondsMax)).toBe(true);
}

export async function containerStatus(ws: Workspace, mode: Mode, id: string): Promise<string> {
  const state: { status: string } = JSON.parse(await runscOutput(ws, mode, ["state", id]));
  return state.status;
}

export async function killAndDelete(ws: Workspace, mode: Mode, id: string): Promise<void> {
  await runscOutput(ws, mode, ["kill", id, "KILL"]);
  await deleteWhenStopped(ws, mode, id);
}

/** Deletes a container that is about to stop. */
export async function deleteWhenStopped(ws: Workspace, mode: Mode, id: string): Promise<void> {
  const isStopped = async (): Promise<boolean> => (await containerStatus(ws, mode, id)) === "stopped";
  expect(await becomesTrue(isStopped, eventSecondsMax)).toBe(true);
  // For a moment runsc says "stopped", yet will not delete, while the sandbox's process has not quite gone.
  const isDeleted = async (): Promise<boolean> => (await runsc(ws, mode, ["delete", id])).status === 0;
  expect(await becomesTrue(isDeleted, eventSecondsMax)).toBe(true);
}
