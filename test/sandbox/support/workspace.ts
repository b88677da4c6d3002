import {
  chmodSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Caller } from "./caller.ts";
import { mountPointsBelow } from "./mount-table.ts";
import { becomesTrue } from "./poll.ts";
import { processesMentioning } from "./process-table.ts";

/**
 * runsc pins an empty network namespace to this file in its state directory, for the next gofer to join, and leaves
 * it there on purpose. Source: runsc/container/null_netns.go.
 */
const sharedNetworkNamespace = "null-netns";

/**
 * One test's own corner of the host: a directory that holds runsc's state, its temporary files, its logs and whatever
 * the test adds. Everything in it belongs to the caller. What is started with it can be told by its path.
 */
export class Workspace {
  readonly caller: Caller;
  readonly directory: string;
  readonly stateDirectory: string;
  readonly temporaryDirectory: string;
  readonly logDirectory: string;

  constructor(caller: Caller) {
    this.caller = caller;
    this.directory = mkdtempSync(join(tmpdir(), "bun-gofer-sandbox-"));
    chmodSync(this.directory, 0o755);
    lchownSync(this.directory, caller.uid, caller.gid);
    this.stateDirectory = this.makeDirectory("state");
    this.temporaryDirectory = this.makeDirectory("temporary");
    this.logDirectory = this.makeDirectory("logs");
  }

  /** Absolute path of a name in this workspace. */
  path(name: string): string {
    return join(this.directory, name);
  }

  /** Creates a directory, and those above it that are missing; returns its absolute path. */
  makeDirectory(name: string): string {
    const path = this.path(name);
    if (path !== this.directory && mkdirSync(path, { recursive: true }) !== undefined) {
      this.#giveToCaller(path);
    }
    return path;
  }

  /** Writes a file, and creates the directories above it that are missing; returns its absolute path. */
  writeFile(name: string, content: string, mode = 0o644): string {
    this.makeDirectory(dirname(name));
    const path = this.path(name);
    writeFileSync(path, content, { mode });
    lchownSync(path, this.caller.uid, this.caller.gid);
    return path;
  }

  /** Creates a symbolic link with this text as its target; returns the link's absolute path. */
  makeSymlink(name: string, target: string): string {
    this.makeDirectory(dirname(name));
    const path = this.path(name);
    symlinkSync(target, path);
    lchownSync(path, this.caller.uid, this.caller.gid);
    return path;
  }

  #giveToCaller(path: string): void {
    for (let current = path; current !== this.directory; current = dirname(current)) {
      lchownSync(current, this.caller.uid, this.caller.gid);
    }
  }

  /** The last `linesMax` lines of every log that runsc wrote. */
  logTails(linesMax: number): string {
    return readdirSync(this.logDirectory)
      .sort()
      .map((name) => {
        const lines = readFileSync(join(this.logDirectory, name), "utf8").trimEnd().split("\n");
        return `--- ${name}\n${lines.slice(-linesMax).join("\n")}`;
      })
      .join("\n");
  }

  /**
   * Removes the workspace, once the processes that runsc started had `settleSecondsMax` to end. Returns what runsc left
   * behind that it should not have, after cleaning that up as well.
   */
  async dispose(settleSecondsMax: number): Promise<string[]> {
    const leftovers: string[] = [];
    await becomesTrue(() => processesMentioning(this.directory).length === 0, settleSecondsMax);
    for (const { pid, argv } of processesMentioning(this.directory)) {
      leftovers.push(`process ${pid}: ${argv.join(" ")}`);
      process.kill(pid, "SIGKILL");
    }
    const pinned = join(this.stateDirectory, sharedNetworkNamespace);
    for (const mountPoint of mountPointsBelow(this.directory).reverse()) {
      if (mountPoint !== pinned) {
        leftovers.push(`mount at ${mountPoint}`);
      }
      Bun.spawnSync(["umount", "--lazy", mountPoint]);
    }
    for (const directory of [this.stateDirectory, this.temporaryDirectory]) {
      for (const name of readdirSync(directory)) {
        if (name !== sharedNetworkNamespace) {
          leftovers.push(`file ${join(directory, name)}`);
        }
      }
    }
    rmSync(this.directory, { recursive: true, force: true });
    return leftovers;
  }
}
