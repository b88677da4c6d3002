import { describe, expect, test } from "bun:test";
import { containerTypeOf, hasSandboxId, upperTarOf } from "../../../src/gofer/container-type.ts";

function annotations(entries: Record<string, string>) {
  return new Map(Object.entries(entries));
}

const name = "io.kubernetes.cri.container-name";
const type = "io.kubernetes.cri.container-type";
const tar = "dev.gvisor.tar.rootfs.upper";

describe("containerTypeOf()", () => {
  test.each<[entries: Record<string, string>, type: string]>([
    [{}, "unspecified"],
    [{ [type]: "sandbox" }, "sandbox"],
    [{ [type]: "container" }, "container"],
    [{ [type]: "vm" }, "unknown"],
    [{ "io.kubernetes.cri-o.ContainerType": "sandbox" }, "sandbox"],
    [{ "io.kubernetes.cri-o.ContainerType": "container", [type]: "sandbox" }, "sandbox"],
  ])("%j is of type %s", (entries, expected) => {
    expect(containerTypeOf(annotations(entries)) as string).toBe(expected);
  });
});

describe("hasSandboxId()", () => {
  test.each(["io.kubernetes.cri.sandbox-id", "io.kubernetes.cri-o.SandboxID"])("heeds %s", (key) => {
    expect(hasSandboxId(annotations({ [key]: "s" }))).toBe(true);
    expect(hasSandboxId(annotations({}))).toBe(false);
  });
});

describe("upperTarOf()", () => {
  test.each<[why: string, entries: Record<string, string>, file: string | undefined]>([
    ["nothing is said", {}, undefined],
    ["a lone container", { [tar]: "/t" }, "/t"],
    ["a container of a pod is not meant", { [tar]: "/t", [type]: "sandbox" }, undefined],
    ["a container is meant by its name", { [name]: "c", [`${tar}.c`]: "/c", [tar]: "/t" }, "/c"],
    ["another container is meant", { [name]: "c", [`${tar}.d`]: "/d" }, undefined],
    [
      "the container was renamed",
      { [name]: "c", "dev.gvisor.container-name-remap.1": "c=d", [`${tar}.d`]: "/d" },
      "/d",
    ],
    ["a renaming says nothing", { [name]: "c", "dev.gvisor.container-name-remap.1": "c", [`${tar}.c`]: "/c" }, "/c"],
  ])("%s", (_why, entries, file) => {
    expect(upperTarOf(annotations(entries))).toBe(file);
  });
});
