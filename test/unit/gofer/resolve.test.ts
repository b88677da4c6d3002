import { describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { type ByteString, byteStringOf } from "../../../ffi/byte-string.ts";
import { resolveBelow } from "../../../src/gofer/resolve.ts";
import { TemporaryDirectory } from "../elf/support/temporary-directory.ts";
import { reasonOf, successOf } from "./support/reason-of.ts";

/**
 * A root with a directory, a file and links of all kinds, beside a directory that it must not be left for. The cases are what a
 * process with this root would see.
 */
function makeRoot(temporary: TemporaryDirectory): ByteString {
  const root = temporary.at("root");
  mkdirSync(`${root}/dir/inner`, { recursive: true });
  mkdirSync(temporary.at("outside"));
  writeFileSync(`${root}/file`, "");
  const links = {
    relative: "dir",
    absolute: "/dir",
    up: "../../../../dir",
    leave: "../outside",
    "absolute-outside": temporary.at("outside"),
    dangling: "/nowhere/at/all",
    chain: "relative/../absolute/inner",
    "dir/back": "../file",
    root: "/",
    here: ".",
    "loop-a": "loop-b",
    "loop-b": "/loop-a",
  };
  for (const [name, target] of Object.entries(links)) symlinkSync(target, `${root}/${name}`);
  return byteStringOf(root);
}

describe("resolveBelow()", () => {
  test.each([
    ["/", ""],
    ["", ""],
    [".", ""],
    ["/dir", "/dir"],
    ["dir/", "/dir"],
    ["//dir///inner//", "/dir/inner"],
    ["/dir/./inner/..", "/dir"],
    ["/missing/deeply", "/missing/deeply"],
    ["/missing/../dir", "/dir"],
    ["/..", ""],
    ["/../../dir", "/dir"],
    ["../file", "/file"],
    ["/relative", "/dir"],
    ["/relative/inner", "/dir/inner"],
    ["/relative/missing", "/dir/missing"],
    ["/absolute/inner", "/dir/inner"],
    ["/up", "/dir"],
    ["/up/inner", "/dir/inner"],
    ["/leave", "/outside"],
    ["/dangling", "/nowhere/at/all"],
    ["/dangling/below", "/nowhere/at/all/below"],
    ["/chain", "/dir/inner"],
    ["/dir/back", "/file"],
    ["/root/dir", "/dir"],
    ["/here/dir", "/dir"],
    ["/relative/..", ""],
  ])("%j is at %j of the root", (path, place) => {
    using temporary = new TemporaryDirectory();
    const root = makeRoot(temporary);
    expect(successOf(resolveBelow(root, byteStringOf(path)))).toBe((root + place) as ByteString);
  });

  test("takes an absolute target that names a place on the host for one in the root", () => {
    using temporary = new TemporaryDirectory();
    const root = makeRoot(temporary);
    const place = `${root}${temporary.at("outside")}` as ByteString;
    expect(successOf(resolveBelow(root, byteStringOf("/absolute-outside")))).toBe(place);
  });

  test("gives up on links that lead in a circle", () => {
    using temporary = new TemporaryDirectory();
    expect(reasonOf(resolveBelow(makeRoot(temporary), byteStringOf("/loop-a")))).toContain("too many symbolic links");
  });

  test("fails below a file", () => {
    using temporary = new TemporaryDirectory();
    expect(reasonOf(resolveBelow(makeRoot(temporary), byteStringOf("/file/below")))).toContain("ENOTDIR");
  });

  test("follows names and targets that are not UTF-8", () => {
    using temporary = new TemporaryDirectory();
    const root = makeRoot(temporary);
    const target = Buffer.from([0x2f, 0xff, 0xfe]);
    symlinkSync(target, Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x80])]));
    expect(successOf(resolveBelow(root, "/\x80/x" as ByteString))).toBe(`${root}/\xff\xfe/x` as ByteString);
  });

  test("works from the host's root", () => {
    const slash = "/" as ByteString;
    expect(successOf(resolveBelow(slash, byteStringOf("/../proc/./self/..")))).toBe("/proc" as ByteString);
  });
});
