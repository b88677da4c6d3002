import { describe, expect, test } from "bun:test";
import { byteStringOf } from "../../../ffi/byte-string.ts";
import { openEachKind } from "../support/scripted-files.ts";
import { ScriptedServer } from "../support/scripted-server.ts";

describe("Server.describe()", () => {
  test("tells of each connection and what it holds", () => {
    using server = new ScriptedServer({ readonly: false });
    openEachKind(server);
    server.connect("/other", { readonly: true });
    const lines = server.server.describe();
    expect(lines[0]).toMatch(/^2 connections, 0 requests under way, \d+ nodes in the tree, 0 blocking calls/);
    expect(lines[1]).toMatch(/^memory: \d+ bytes of arena, \d+ bytes of heap since the start$/);
    expect(lines[2]).toMatch(/^connection "\/": socket \d+, 0 channels, 6 control FDs, 2 open FDs, 1 bound sockets$/);
    expect(lines[3]).toMatch(
      /^connection "\/other": socket \d+, 0 channels, 0 control FDs, 0 open FDs, 0 bound sockets, read-only$/,
    );
  });

  test("counts the nodes of the tree", () => {
    using server = new ScriptedServer();
    const root = server.mount();
    const nodes = () => Number(/(\d+) nodes/.exec(server.server.describe()[0] ?? "")?.[1]);
    const before = nodes();
    server.walk(server.client, root, ["a", "b", "c"], 0o100644);
    expect(nodes()).toBe(before + 3);
  });

  test("tells of requests that are not answered yet, and no longer when they are", async () => {
    using server = new ScriptedServer();
    const { file } = openEachKind(server);
    const release = server.script.hold("stat");
    server.client.send(server.client.encode("fStat", { fd: file }));
    const about = (lines: readonly string[]) => lines.filter((line) => line.startsWith("request "));
    expect(about(server.server.describe())).toEqual([
      expect.stringMatching(/^request fStat from "\/" socket under way for \d+\.\d{3} s$/),
    ]);
    release();
    await server.settle();
    expect(about(server.server.describe())).toEqual([]);
  });

  test("tells of a connection that has ended while a request is under way", async () => {
    using server = new ScriptedServer();
    const root = server.mount();
    const release = server.script.hold("stat");
    server.client.send(server.client.encode("fStat", { fd: root }));
    const other = server.connect("/other");
    server.client.closeOnly();
    server.server.turn();
    release();
    await server.settle();
    expect(server.server.describe().filter((line) => line.startsWith("connection"))).toEqual([
      expect.stringContaining('"/other"'),
    ]);
    expect(other.call("mount", undefined)).not.toBeString();
  });

  test("counts the requests so far", () => {
    using server = new ScriptedServer();
    server.mount();
    expect(server.server.describe().at(-1)).toMatch(/^requests so far: .*mount \d+/);
  });

  test("stays short however much there is", () => {
    using server = new ScriptedServer();
    for (let index = 0; index < 100; index++) server.connect(`/${"\n".repeat(500)}${index}`);
    const lines = server.server.describe();
    expect(lines).toContain("and 37 more connections");
    expect(lines.length).toBeLessThan(70);
    for (const line of lines) {
      expect(line.length).toBeLessThan(2000);
      expect(line).toMatch(/^[\x20-\x7e…]*$/);
    }
  });

  test("does not stumble over a deep tree", () => {
    using server = new ScriptedServer();
    let directory = server.mount();
    for (let depth = 0; depth < 2000; depth++) {
      const creation = { dirFd: directory, uid: 0, gid: 0, mode: 0, name: byteStringOf("d") };
      directory = server.client.expect("mkdirAt", creation).child.controlFd;
    }
    expect(server.server.describe()[0]).toContain("2001 nodes");
  });
});
