import { lstatSync, mkdirSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Host directories that hold programs and their libraries. */
const programDirectories = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64"];

interface BindMount {
  readonly source: string;
  readonly destination: string;
  readonly options: readonly string[];
}

/**
 * Writes an OCI bundle whose root file system is empty but for the host's programs, which it borrows read-only.
 * Source: https://github.com/opencontainers/runtime-spec/blob/main/config.md
 */
export function writeBundle(bundle: string, script: string, mounts: readonly BindMount[]): void {
  const rootfs = join(bundle, "rootfs");
  mkdirSync(rootfs, { recursive: true });
  const config = {
    ociVersion: "1.0.2",
    hostname: "sandbox",
    process: {
      user: { uid: 0, gid: 0 },
      args: ["/bin/sh", "-c", script],
      cwd: "/",
      env: ["PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8"],
      noNewPrivileges: true,
    },
    root: { path: "rootfs" },
    mounts: [...borrowPrograms(rootfs), ...mounts].map((mount) => ({ type: "bind", ...mount })),
    linux: { namespaces: ["pid", "network", "ipc", "uts", "mount"].map((type) => ({ type })) },
  };
  writeFileSync(join(bundle, "config.json"), JSON.stringify(config, null, 2));
}

/** Takes over links such as /bin → usr/bin as links; real directories become read-only bind mounts. */
function borrowPrograms(rootfs: string): BindMount[] {
  const mounts: BindMount[] = [];
  for (const directory of programDirectories) {
    const entry = lstatSync(directory, { throwIfNoEntry: false });
    if (entry?.isSymbolicLink()) {
      symlinkSync(readlinkSync(directory), join(rootfs, directory));
    } else if (entry?.isDirectory()) {
      mounts.push({ source: directory, destination: directory, options: ["ro", "rbind"] });
    }
  }
  return mounts;
}
