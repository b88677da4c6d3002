import { describe, expect, test } from "bun:test";
import { type ByteString, byteStringOf } from "../../../ffi/byte-string.ts";
import { Errno, fail } from "../../../ffi/errno.ts";
import type { FdId } from "../../../src/wire/integers.ts";
import { walkNamesMax, walkStatNamesMax } from "../../../src/wire/limits.ts";
import { walkStatus } from "../../../src/wire/records.ts";
import type { Statx } from "../../../src/wire/statx.ts";
import { ScriptedServer } from "../support/scripted-server.ts";

const directoryMode = 0o040755;
const fileMode = 0o100644;
const linkMode = 0o120777;

/** A server with /a (directory), /a/b (directory), /a/b/file and /a/link. */
function serverWithTree(options = {}): { readonly server: ScriptedServer; readonly root: FdId } {
  const server = new ScriptedServer(options);
  const { modes } = server.script;
  modes.set("/a", directoryMode).set("/a/b", directoryMode).set("/a/b/file", fileMode).set("/a/link", linkMode);
  return { server, root: server.mount() };
}

function names(path: string): ByteString[] {
  return path === "" ? [] : path.split("/").map(byteStringOf);
}

function walk(server: ScriptedServer, dirFd: FdId, path: string) {
  const answer = server.client.call("walk", { dirFd, path: names(path) });
  if (typeof answer === "string") return answer;
  return { status: answer.reply.status, modes: answer.reply.inodes.map(({ stat }) => stat.mode) };
}

describe("walk", () => {
  test("gives an FD and attributes for each component", () => {
    const { server, root } = serverWithTree();
    using _ = server;
    const modes = [directoryMode, directoryMode, fileMode];
    expect(walk(server, root, "a/b/file")).toEqual({ status: walkStatus.success, modes });
    expect(server.script.calls).toEqual(["walk / a", "walk /a b", "walk /a/b file"]);
  });

  test("along no path succeeds with nothing", () => {
    const { server, root } = serverWithTree();
    using _ = server;
    expect(walk(server, root, "")).toEqual({ status: walkStatus.success, modes: [] });
  });

  test("gives what it found before a component that does not exist, and says so", () => {
    const { server, root } = serverWithTree();
    using _ = server;
    const modes = [directoryMode];
    expect(walk(server, root, "a/missing/more")).toEqual({ status: walkStatus.componentDoesNotExist, modes });
  });

  test("stops at a symlink in the middle, and says so", () => {
    const { server, root } = serverWithTree();
    using _ = server;
    const modes = [directoryMode, linkMode];
    expect(walk(server, root, "a/link/more")).toEqual({ status: walkStatus.componentSymlink, modes });
  });

  test("ends at a symlink as at anything else", () => {
    const { server, root } = serverWithTree();
    using _ = server;
    const modes = [directoryMode, linkMode];
    expect(walk(server, root, "a/link")).toEqual({ status: walkStatus.success, modes });
  });

  test.each([".", "..", "", "a/b", "a\0b"])("is answered EINVAL at the component %j, and keeps nothing", (name) => {
    const { server, root } = serverWithTree();
    using _ = server;
    expect(server.client.call("walk", { dirFd: root, path: ["a" as ByteString, name as ByteString] })).toBe("EINVAL");
    expect(server.script.calls).toEqual(["walk / a", "close control /a"]);
  });

  test("keeps nothing when it fails", () => {
    const { server, root } = serverWithTree();
    using _ = server;
    server.script.instead.set("walk /a/b", () => fail(Errno.EACCES));
    expect(walk(server, root, "a/b/file")).toBe("EACCES");
    expect(server.script.open).toEqual(new Set(["control / #1"]));
  });

  test("takes as many components as fit into a reply, no more: EIO", () => {
    const { server, root } = serverWithTree();
    using _ = server;
    const path = (length: number): ByteString[] => Array.from({ length }, () => "missing" as ByteString);
    expect(server.client.call("walk", { dirFd: root, path: path(walkNamesMax) })).not.toBeString();
    expect(server.client.call("walk", { dirFd: root, path: path(walkNamesMax + 1) })).toBe("EIO");
    expect(server.client.call("walkStat", { dirFd: root, path: path(walkStatNamesMax + 1) })).toBe("EIO");
  });
});

function modesOf(stats: readonly Statx[]): number[] {
  return stats.map(({ mode }) => mode);
}

describe("walkStat without the backend's help", () => {
  function walkStat(server: ScriptedServer, dirFd: FdId, path: readonly string[]) {
    const answer = server.client.call("walkStat", { dirFd, path: path.map(byteStringOf) });
    return typeof answer === "string" ? answer : modesOf(answer.reply.stats);
  }

  test("gives the attributes along the path and keeps no FD", () => {
    const { server, root } = serverWithTree({ walkStatSupported: false });
    using _ = server;
    expect(walkStat(server, root, ["a", "b", "file"])).toEqual([directoryMode, directoryMode, fileMode]);
    expect(server.script.open).toEqual(new Set(["control / #1"]));
  });

  test("begins with the start itself when the first component is empty", () => {
    const { server, root } = serverWithTree({ walkStatSupported: false });
    using _ = server;
    expect(walkStat(server, root, ["", "a"])).toEqual([directoryMode, directoryMode]);
    expect(walkStat(server, root, [""])).toEqual([directoryMode]);
    expect(walkStat(server, root, [])).toEqual([]);
  });

  test("ends where a component is missing, and at a symlink", () => {
    const { server, root } = serverWithTree({ walkStatSupported: false });
    using _ = server;
    expect(walkStat(server, root, ["a", "missing", "more"])).toEqual([directoryMode]);
    expect(walkStat(server, root, ["a", "link", "more"])).toEqual([directoryMode, linkMode]);
    expect(server.script.open).toEqual(new Set(["control / #1"]));
  });

  test("keeps no FD when it fails", () => {
    const { server, root } = serverWithTree({ walkStatSupported: false });
    using _ = server;
    server.script.instead.set("walk /a/b", () => fail(Errno.EACCES));
    expect(walkStat(server, root, ["a", "b", "file"])).toBe("EACCES");
    expect(server.script.open).toEqual(new Set(["control / #1"]));
  });
});

describe("walkStat", () => {
  test("may start at what is no directory only to look at that itself: ENOTDIR", () => {
    const { server, root } = serverWithTree();
    using _ = server;
    const file = server.walk(server.client, root, ["a", "b", "file"], fileMode);
    const call = (...path: string[]) => server.client.call("walkStat", { dirFd: file, path: path.map(byteStringOf) });
    expect([call("x"), call("", "x")]).toEqual(["ENOTDIR", "ENOTDIR"]);
    expect(call("")).not.toBeString();
    expect(call()).not.toBeString();
  });

  test.each([[["a", ""]], [["", ""]], [["..", "a"]], [["a", "b/c"]], [["a\0"]]])(
    "is answered EINVAL for the path %j: only the first component may be empty",
    (path) => {
      const { server, root } = serverWithTree();
      using _ = server;
      expect(server.client.call("walkStat", { dirFd: root, path: path.map(byteStringOf) })).toBe("EINVAL");
      expect(server.script.calls).toEqual([]);
    },
  );
});
