import { describe, expect, test } from "bun:test";
import { hasMountConf, isGoferMount, readSpec } from "../../../src/gofer/spec.ts";
import { reasonOf, successOf } from "./support/reason-of.ts";

const context = { bundle: "/bundle", allowRootfsTar: false };

/** A valid document with `changes` made at its top. */
function document(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return { ociVersion: "1.0.0", process: { args: ["true"] }, root: { path: "rootfs" }, ...changes };
}

function read(changes: Record<string, unknown> = {}, given = context) {
  return readSpec(JSON.stringify(document(changes)), given);
}

function readMounts(...mounts: Record<string, unknown>[]) {
  return successOf(read({ mounts })).mounts;
}

describe("readSpec()", () => {
  test("has defaults for everything that may be missing", () => {
    expect(successOf(read())).toEqual({
      root: { path: "/bundle/rootfs", readonly: false },
      mounts: [],
      annotations: new Map(),
      rootPropagation: undefined,
      devicePaths: [],
      createContainerHooks: [],
    });
  });

  test("takes null for absent", () => {
    const nulls = { mounts: null, hooks: null, annotations: null, linux: null, solaris: null, windows: null };
    expect(successOf(read(nulls))).toEqual(successOf(read()));
  });

  test("lets relative paths start at the bundle, and cleans only those", () => {
    const mounts = readMounts(
      { destination: "/a", source: "../data" },
      { destination: "/b", source: "/x/../y" },
      { destination: "/c" },
    );
    expect(mounts.map(({ source }) => source)).toEqual(["/data", "/x/../y", ""]);
    expect(mounts.map((mount) => mount.document.source)).toEqual(["/data", "/x/../y", undefined]);
    expect(successOf(read({ root: { path: "/r/./fs" } })).root.path).toBe("/r/./fs");
  });

  test("keeps what it does not know of a mount", () => {
    const [mount] = readMounts({ destination: "/a", type: "bind", source: "/s", gvisorNext: { depth: [1, null] } });
    expect(mount?.document as Record<string, unknown>).toEqual({
      destination: "/a",
      type: "bind",
      source: "/s",
      gvisorNext: { depth: [1, null] },
    });
  });

  test.each<[what: string, changes: Record<string, unknown>, reason: string]>([
    ["no process", { process: null }, "process is missing"],
    ["no arguments", { process: { args: [] } }, "process.args is missing"],
    ["no root", { root: undefined }, "root is missing"],
    ["no root path", { root: { path: "" } }, "root.path is missing"],
    ["Solaris", { solaris: {} }, "solaris is not supported"],
    ["Windows", { windows: {} }, "windows is not supported"],
    ["SELinux", { process: { args: ["x"], selinuxLabel: "l" } }, "process.selinuxLabel is not supported"],
    ["a shared root", { linux: { rootfsPropagation: "shared" } }, 'must be private or slave, got "shared"'],
    [
      "an unbindable root",
      { linux: { rootfsPropagation: "unbindable" } },
      'must be private or slave, got "unbindable"',
    ],
    ["a relative destination", { mounts: [{ destination: "data" }] }, 'must be an absolute path, got "data"'],
    ["a root with a NUL in it", { root: { path: "/a\0b" } }, "root.path is no path"],
    ["a destination with a NUL in it", { mounts: [{ destination: "/a\0b" }] }, "is no path"],
    ["a source with a NUL in it", { mounts: [{ destination: "/a", source: "/s\0" }] }, "is no path"],
    ["a destination too long for a path", { mounts: [{ destination: `/${"a".repeat(4096)}` }] }, "is no path"],
    ["a mount without destination", { mounts: [{ type: "tmpfs" }] }, 'must be an absolute path, got ""'],
    [
      "a shared bind mount",
      { mounts: [{ destination: "/a", type: "bind", source: "/s", options: ["rshared"] }] },
      'mount /a: mount option "rshared" is not supported',
    ],
    ["a root from a tar archive", { annotations: { "dev.gvisor.tar.rootfs.upper": "/t" } }, "needs --allow-rootfs-tar"],
    [
      "a container type that is none",
      { annotations: { "io.kubernetes.cri.container-type": "pod" } },
      "neither sandbox nor container",
    ],
    [
      "a container without a sandbox",
      { annotations: { "io.kubernetes.cri-o.ContainerType": "container" } },
      "whose ID the annotations do not say",
    ],
    ["mounts that are no list", { mounts: {} }, "mounts: want array"],
    ["an option that is no text", { mounts: [{ destination: "/a", options: [1] }] }, "mounts.0.options.0: want string"],
    ["an annotation that is no text", { annotations: { a: 1 } }, "annotations.a: want string"],
    ["a hook without a path", { hooks: { createContainer: [{}] } }, "hooks.createContainer.0.path: want string"],
  ])("refuses %s", (_what, changes, reason) => {
    const refusal = reasonOf(read(changes));
    expect(refusal).toStartWith("spec: ");
    expect(refusal).toContain(reason);
  });

  test.each(["", "{", "config.json", "[]", "null", "1"])("refuses the text %j", (text) => {
    expect(reasonOf(readSpec(text, context))).toMatch(/^spec: (not JSON|the document: want object)/);
  });

  test.each(["private", "rprivate", "slave", "rslave"])("takes the root propagation %s", (propagation) => {
    expect(successOf(read({ linux: { rootfsPropagation: propagation } })).rootPropagation).toBe(propagation);
  });

  test("takes shared options on mounts that no gofer serves", () => {
    expect(readMounts({ destination: "/proc", type: "proc", source: "proc", options: ["shared"] })).toHaveLength(1);
  });

  test("takes a root from a tar archive where that is allowed and the root can be written", () => {
    const annotations = { "dev.gvisor.tar.rootfs.upper": "/t" };
    const allowed = { ...context, allowRootfsTar: true };
    expect(successOf(read({ annotations }, allowed)).annotations.size).toBe(1);
    const readonlyRoot = { annotations, root: { path: "r", readonly: true } };
    expect(reasonOf(read(readonlyRoot, allowed))).toContain("cannot go with a read-only root");
  });
});

describe("isGoferMount() and hasMountConf()", () => {
  test.each<[mount: Record<string, unknown>, gofer: boolean, conf: boolean]>([
    [{ type: "bind", source: "/s" }, true, true],
    [{ type: "none", source: "/s", options: ["rbind"] }, true, true],
    [{ source: "/s", options: ["ro", "bind"] }, true, true],
    [{ type: "bind" }, false, false],
    [{ type: "tmpfs", source: "tmpfs" }, false, false],
    [{ type: "erofs", source: "/image" }, false, true],
    [{ type: "erofs" }, false, true],
  ])("%j is served by a gofer: %j, has a configuration: %j", (fields, gofer, conf) => {
    const [mount] = readMounts({ destination: "/a", ...fields });
    if (mount === undefined) throw new Error("no mount");
    expect([isGoferMount(mount), hasMountConf(mount)]).toEqual([gofer, conf]);
  });
});
