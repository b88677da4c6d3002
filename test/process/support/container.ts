import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A mount as a spec has it. */
export interface SpecMount {
  readonly destination: string;
  readonly source: string;
  readonly type?: string;
  readonly options?: readonly string[];
  readonly [unknownToGofer: string]: unknown;
}

/** A bundle in a directory of its own: a root with a few files, and things to mount. */
export class Container {
  readonly directory = mkdtempSync(join(tmpdir(), "bun-gofer-process-"));

  constructor() {
    this.write("rootfs/etc/name", "root\n");
    this.write("data/file", "data\n");
    this.write("data/inner/file", "inner\n");
    this.write("single", "single\n");
    symlinkSync("/real/place", this.path("rootfs/link"));
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  read(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  /** A valid spec with these mounts, and `changes` made at its top. */
  spec(mounts: readonly SpecMount[] = [], changes: Readonly<Record<string, unknown>> = {}): string {
    return JSON.stringify({
      ociVersion: "1.0.0",
      process: { args: ["true"], cwd: "/" },
      root: { path: "rootfs" },
      mounts,
      ...changes,
    });
  }

  /** Lets a second gofer start with logs of its own. */
  forgetLogs(): void {
    for (const name of ["log", "debug-log", "stderr"]) rmSync(this.path(name), { force: true });
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
