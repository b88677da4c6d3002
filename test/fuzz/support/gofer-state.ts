import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A descriptor of another process. */
export interface Descriptor {
  readonly number: number;
  /** As /proc says it: a path in the process's own mount namespace, or the kind of thing it is. */
  readonly target: string;
  /** Where the mount is that it was opened on; undefined for what is no file. */
  readonly mountPoint: string | undefined;
}

/** Memory of a process, in bytes. */
export interface ResidentMemory {
  readonly now: number;
  readonly peak: number;
}

/** What /proc says of the process `pid` (in our PID namespace). Source: proc(5). */
export class ProcessView {
  readonly #directory: string;

  constructor(pid: number) {
    this.#directory = `/proc/${pid}`;
  }

  get isAlive(): boolean {
    try {
      return !/^State:\s*[ZX]/m.test(readFileSync(`${this.#directory}/status`, "latin1"));
    } catch {
      return false;
    }
  }

  /** Those that were open all the while it looked. */
  descriptors(): readonly Descriptor[] {
    const mountPoints = this.#mountPoints();
    return readdirSync(`${this.#directory}/fd`).flatMap((name) => {
      try {
        const target = readlinkSync(`${this.#directory}/fd/${name}`);
        const info = readFileSync(`${this.#directory}/fdinfo/${name}`, "latin1");
        const mountPoint = mountPoints.get(/^mnt_id:\s*(\d+)$/m.exec(info)?.[1] ?? "");
        return [{ number: Number(name), target, mountPoint }];
      } catch {
        return [];
      }
    });
  }

  residentMemory(): ResidentMemory {
    const status = readFileSync(`${this.#directory}/status`, "latin1");
    const bytes = (field: string): number =>
      Number(new RegExp(`^${field}:\\s*(\\d+) kB$`, "m").exec(status)?.[1]) * 1024;
    return { now: bytes("VmRSS"), peak: bytes("VmHWM") };
  }

  #mountPoints(): ReadonlyMap<string, string> {
    const mounts = readFileSync(`${this.#directory}/mountinfo`, "latin1").trimEnd().split("\n");
    return new Map(
      mounts.map((line) => {
        const [id = "", , , , mountPoint = ""] = line.split(" ");
        return [id, mountPoint];
      }),
    );
  }
}
