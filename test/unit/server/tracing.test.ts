import { describe, expect, test } from "bun:test";
import { byteStringOf } from "../../../ffi/byte-string.ts";
import { messages } from "../../../src/wire/messages.ts";
import { frame } from "../support/frame-server.ts";
import { openEachKind } from "../support/scripted-files.ts";
import { ScriptedServer } from "../support/scripted-server.ts";

/** A server that logs all messages, one file of each kind opened, and what it has logged since. */
function tracedServer() {
  const server = new ScriptedServer({ trace: true, unsupported: ["flush"] });
  const fds = openEachKind(server);
  server.log.entries.length = 0;
  return { server, fds, lines: server.log.entries };
}

describe("tracing()", () => {
  test("logs each request and its reply on a line of its own", () => {
    const { server, fds, lines } = tracedServer();
    using _ = server;
    server.client.expect("fStat", { fd: fds.file });
    expect(lines).toEqual([
      `debug recv ["/" socket] fStat(fd=${fds.file})`,
      'debug send ["/" socket] fStat -> mode=0o100644 uid=0 gid=0 ino=0 size=0 nlink=1',
    ]);
  });

  test("logs an error by its symbol", () => {
    const { server, fds, lines } = tracedServer();
    using _ = server;
    server.client.call("mkdirAt", { dirFd: fds.file, uid: 0, gid: 0, mode: 0, name: byteStringOf("x") });
    expect(lines.at(-1)).toBe('debug send ["/" socket] mkdirAt -> ENOTDIR');
  });

  test("logs the reply of a request that was not answered at once", async () => {
    const { server, fds, lines } = tracedServer();
    using _ = server;
    const release = server.script.hold("stat");
    server.client.send(server.client.encode("fStat", { fd: fds.file }));
    expect(lines).toHaveLength(1);
    release();
    await server.settle();
    expect(lines.at(-1)).toStartWith('debug send ["/" socket] fStat -> mode=');
  });

  test("logs what makes no request, and unknown messages", () => {
    const { server, lines } = tracedServer();
    using _ = server;
    server.client.send(frame(messages.fStat.id, "abc"));
    server.client.receive();
    server.client.send(frame(999, "abc"));
    server.client.receive();
    expect(lines.filter((line) => line.startsWith("debug"))).toEqual([
      'debug recv ["/" socket] fStat of 3 bytes that make no request',
      'debug send ["/" socket] fStat -> EIO',
      'debug recv ["/" socket] message 999 of 3 bytes that make no request',
      'debug send ["/" socket] message 999 -> EOPNOTSUPP',
    ]);
  });

  test("is not there unless asked for", () => {
    using server = new ScriptedServer();
    openEachKind(server);
    expect(server.log.entries).toEqual([]);
  });
});
