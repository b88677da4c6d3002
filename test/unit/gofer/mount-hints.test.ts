import { describe, expect, test } from "bun:test";
import { readMountHints } from "../../../src/gofer/mount-hints.ts";
import { readRootfsHint } from "../../../src/gofer/rootfs-hint.ts";
import { logLines } from "./support/log-lines.ts";
import { reasonOf, successOf } from "./support/reason-of.ts";

function mountHints(fields: Record<string, string>) {
  const { log, lines } = logLines();
  const annotations = new Map(Object.entries(fields).map(([key, value]) => [`dev.gvisor.spec.mount.${key}`, value]));
  return { hints: readMountHints(annotations, log), lines };
}

describe("readMountHints()", () => {
  test("reads a hint from its fields", () => {
    const { hints, lines } = mountHints({
      "vol.source": "/src",
      "vol.type": "bind",
      "vol.share": "pod",
      "vol.options": "ro,rshared,nodev",
      "vol.directfs": "off",
    });
    expect(successOf(hints)).toEqual([
      { name: "vol", source: "/src", type: "bind", share: "pod", options: ["ro", "nodev"], suppressesDirectfs: true },
    ]);
    expect(lines).toEqual([]);
  });

  test("passes over fields that make no sense, with a warning", () => {
    const { hints, lines } = mountHints({
      "vol.source": "/src",
      "vol.type": "tmpfs",
      "vol.share": "shared",
      "vol.directfs": "on",
      "vol.color": "red",
    });
    expect(successOf(hints)).toMatchObject([{ name: "vol", suppressesDirectfs: false, options: [] }]);
    expect(lines).toHaveLength(2);
  });

  test.each(["source", "type", "share"])("passes over a hint without %s, with a warning", (missing) => {
    const fields = { "vol.source": "/src", "vol.type": "bind", "vol.share": "container", [`vol.${missing}`]: "" };
    const { hints, lines } = mountHints(fields);
    expect(successOf(hints)).toEqual([]);
    expect(lines.at(-1)).toContain("source, type and share are all needed");
  });

  test.each(["vol", ".source", "vol.source.more"])("refuses the annotation %j", (key) => {
    expect(reasonOf(mountHints({ [key]: "x" }).hints)).toContain("invalid mount annotation");
  });

  test("refuses two hints about the same source", () => {
    const of = (name: string) => ({ [`${name}.source`]: "/s", [`${name}.type`]: "bind", [`${name}.share`]: "pod" });
    expect(reasonOf(mountHints({ ...of("a"), ...of("b") }).hints)).toContain("a and b have the same source /s");
  });
});

describe("readRootfsHint()", () => {
  function rootfsHint(fields: Record<string, string>) {
    return readRootfsHint(
      new Map(Object.entries(fields).map(([key, value]) => [`dev.gvisor.spec.rootfs.${key}`, value])),
    );
  }

  test("is undefined without annotations", () => {
    expect(readRootfsHint(new Map([["other", "x"]]))).toBeUndefined();
  });

  test("reads what it is given", () => {
    const fields = { source: "/image", type: "erofs", overlay: "dir=/over", options: "size=1g", directfs: "off" };
    expect(successOf(rootfsHint(fields))).toEqual({ source: "/image", type: "erofs", suppressesDirectfs: true });
  });

  test.each<[key: string, value: string]>([
    ["source", "image"],
    ["type", "tmpfs"],
    ["overlay", "disk"],
    ["overlay", "dir=over"],
    ["options", "ro"],
    ["directfs", "on"],
    ["color", "red"],
  ])("refuses %s=%s", (key, value) => {
    expect(reasonOf(rootfsHint({ source: "/image", type: "erofs", [key]: value }))).toContain(`rootfs.${key}=${value}`);
  });

  test.each(["source", "type"])("refuses a hint that has only %s", (key) => {
    const value = key === "source" ? "/image" : "bind";
    expect(reasonOf(rootfsHint({ [key]: value }))).toContain("need both source and type");
  });
});
