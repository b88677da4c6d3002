import { lstatSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { Workspace } from "./workspace.ts";

/** A range of IDs as the OCI specification writes it. */
export type IdMapping = { readonly containerID: number; readonly hostID: number; readonly size: number };

export type BindMount = {
  /** Absolute path on the host. */
  readonly source: string;
  /** Absolute path in the sandbox. */
  readonly destination: string;
  /** OCI mount options. Default: rw. */
  readonly options?: readonly string[];
  /** Both together make the mount an id-mapped one. */
  readonly uidMappings?: readonly IdMapping[];
  readonly gidMappings?: readonly IdMapping[];
};

export type BundleOptions = {
  /** Directory of the bundle, below the workspace; must not exist. */
  readonly name: string;
  /** Shell script that is the container's first process. */
  readonly script: string;
  readonly mounts?: readonly BindMount[];
  readonly rootReadonly?: boolean;
  readonly rootfsPropagation?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Users of a user namespace of the container's own. Default: none. */
  readonly userNamespace?: readonly IdMapping[];
  /** Groups of that namespace. Default: as its users. */
  readonly groupMappings?: readonly IdMapping[];
  /** The user and the group of the container's first process. Default: 0. */
  readonly id?: number;
  readonly createContainerHooks?: readonly Hook[];
  readonly devices?: readonly Device[];
};

/** A program that the gofer runs before it leaves the host's root; `args` begins with its name. */
export type Hook = { readonly path: string; readonly args: readonly string[] };

/** A character device of the container. */
export type Device = { readonly path: string; readonly major: number; readonly minor: number };

export type Bundle = {
  readonly directory: string;
  /** Absolute path of the root file system on the host. */
  readonly rootfs: string;
};

/** What Docker gives a container. */
const capabilities = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_KILL",
  "CAP_MKNOD",
  "CAP_SETGID",
  "CAP_SETUID",
];

/** Host directories that hold programs and their libraries; the root file system borrows them read-only. */
const programDirectories = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64"];

/**
 * Writes an OCI bundle: a root file system of its own that holds empty directories and the host's programs, and a
 * config.json. Costs no copy. Source: https://github.com/opencontainers/runtime-spec/blob/main/config.md
 */
export function writeBundle(workspace: Workspace, options: BundleOptions): Bundle {
  const rootfs = join(options.name, "rootfs");
  for (const directory of ["data", "etc", "home", "mnt", "tmp"]) {
    workspace.makeDirectory(join(rootfs, directory));
  }
  const mounts = [...borrowPrograms(workspace, rootfs), ...(options.mounts ?? [])];
  const { userNamespace, groupMappings = userNamespace, id = 0, createContainerHooks, devices } = options;
  const namespaces = ["pid", "network", "ipc", "uts", "mount", ...(userNamespace === undefined ? [] : ["user"])];
  const config = {
    ociVersion: "1.0.2",
    hostname: "sandbox",
    annotations: options.annotations ?? {},
    process: {
      user: { uid: id, gid: id },
      args: ["/bin/sh", "-c", options.script],
      cwd: "/",
      env: ["PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/home", "TMPDIR=/tmp", "LANG=C.UTF-8", "LC_ALL=C.UTF-8"],
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      noNewPrivileges: true,
    },
    root: { path: "rootfs", readonly: options.rootReadonly ?? false },
    mounts: mounts.map((mount) => ({ type: "bind", options: ["rw"], ...mount })),
    ...(createContainerHooks === undefined ? {} : { hooks: { createContainer: createContainerHooks } }),
    linux: {
      ...(devices === undefined ? {} : { devices: devices.map((device) => ({ type: "c", ...device })) }),
      namespaces: namespaces.map((type) => ({ type })),
      ...(userNamespace === undefined ? {} : { uidMappings: userNamespace, gidMappings: groupMappings }),
      ...(options.rootfsPropagation === undefined ? {} : { rootfsPropagation: options.rootfsPropagation }),
    },
  };
  workspace.writeFile(join(options.name, "config.json"), JSON.stringify(config, null, 2));
  return { directory: workspace.path(options.name), rootfs: workspace.path(rootfs) };
}

/** Takes over links such as /bin → usr/bin as links; real directories become read-only bind mounts. */
function borrowPrograms(workspace: Workspace, rootfs: string): BindMount[] {
  const mounts: BindMount[] = [];
  for (const directory of programDirectories) {
    const entry = lstatSync(directory, { throwIfNoEntry: false });
    if (entry?.isSymbolicLink()) {
      workspace.makeSymlink(join(rootfs, directory), readlinkSync(directory));
    } else if (entry?.isDirectory()) {
      workspace.makeDirectory(join(rootfs, directory));
      mounts.push({ source: directory, destination: directory, options: ["ro", "rbind"] });
    }
  }
  return mounts;
}
