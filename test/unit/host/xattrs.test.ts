import { describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { memory } from "../../../ffi/arena.ts";
import { type ByteString, byteStringOf } from "../../../ffi/byte-string.ts";
import { Failure } from "../../../ffi/errno.ts";
import { setXattr } from "../../../ffi/xattrs.ts";
import type { FdId } from "../../../src/wire/integers.ts";
import { HostServer } from "../support/host-server.ts";
import { createSocket } from "../support/special-files.ts";
import { TemporaryDirectory } from "../support/temporary-directory.ts";

const create = 1;
const replace = 2;
const name = byteStringOf("user.test");

/** Not every file system has user attributes. */
function hasUserAttributes(): boolean {
  using directory = new TemporaryDirectory();
  writeFileSync(directory.join("file"), "");
  return !(setXattr(byteStringOf(directory.join("file")), name, new Uint8Array(1), 0) instanceof Failure);
}

function set(server: HostServer, fd: FdId, value: string | Uint8Array, flags = 0, attribute = name) {
  const bytes = typeof value === "string" ? Buffer.from(value, "latin1") : value;
  const answer = server.client.call("fSetXattr", { fd, flags, name: attribute, value: bytes });
  return typeof answer === "string" ? answer : "set";
}

function get(server: HostServer, fd: FdId, bufferBytes = 0, attribute = name): string {
  const answer = server.client.call("fGetXattr", { fd, bufferBytes, name: attribute });
  if (typeof answer === "string") return answer;
  const at = server.client.payloadAt + 2;
  return `value ${memory.buffer.toString("latin1", at, at + answer.reply.placed)}`;
}

function list(server: HostServer, fd: FdId, size = 0) {
  const answer = server.client.call("fListXattr", { fd, size });
  return typeof answer === "string"
    ? answer
    : answer.reply.names.filter((attribute) => attribute.startsWith("user.")).toSorted();
}

function remove(server: HostServer, fd: FdId, attribute = name) {
  const answer = server.client.call("fRemoveXattr", { fd, name: attribute });
  return typeof answer === "string" ? answer : "removed";
}

function serverWithFile(): { readonly server: HostServer; readonly fd: FdId } {
  const server = new HostServer();
  writeFileSync(server.path("file"), "");
  return { server, fd: server.walk("file") };
}

describe.skipIf(!hasUserAttributes())("extended attributes", () => {
  test("are set, read, listed and removed", () => {
    const { server, fd } = serverWithFile();
    using _ = server;
    expect([set(server, fd, "one"), get(server, fd), list(server, fd)]).toEqual(["set", "value one", [name]]);
    expect([set(server, fd, "two"), get(server, fd)]).toEqual(["set", "value two"]);
    expect([remove(server, fd), list(server, fd), get(server, fd)]).toEqual(["removed", [], "ENODATA"]);
    expect(remove(server, fd)).toBe("ENODATA");
  });

  test("of directories work as well", () => {
    using server = new HostServer();
    mkdirSync(server.path("directory"));
    const fd = server.walk("directory");
    expect([set(server, fd, "x"), get(server, fd), remove(server, fd)]).toEqual(["set", "value x", "removed"]);
  });

  test("may be empty, and hold any bytes", () => {
    const { server, fd } = serverWithFile();
    using _ = server;
    expect([set(server, fd, ""), get(server, fd)]).toEqual(["set", "value "]);
    expect([set(server, fd, "\0\xff\n"), get(server, fd)]).toEqual(["set", "value \0\xff\n"]);
  });

  test("are created or replaced as the flags say", () => {
    const { server, fd } = serverWithFile();
    using _ = server;
    expect(set(server, fd, "x", replace)).toBe("ENODATA");
    expect(set(server, fd, "x", create)).toBe("set");
    expect(set(server, fd, "y", create)).toBe("EEXIST");
    expect(set(server, fd, "y", replace)).toBe("set");
    expect(set(server, fd, "z", 0x80)).toBe("EINVAL");
    expect(get(server, fd)).toBe("value y");
  });

  test("are given whole when the client asks for size 0, or has room enough", () => {
    const { server, fd } = serverWithFile();
    using _ = server;
    const value = "v".repeat(1000);
    set(server, fd, value);
    for (const size of [0, 1000, 65536, 65537, 2 ** 32 - 1]) expect(get(server, fd, size)).toBe(`value ${value}`);
    expect([get(server, fd, 999), get(server, fd, 1)]).toEqual(["ERANGE", "ERANGE"]);
  });

  test("are listed whole when the client asks for size 0, or has room enough", () => {
    const { server, fd } = serverWithFile();
    using _ = server;
    const second = byteStringOf("user.second\xff");
    set(server, fd, "x");
    set(server, fd, "y", 0, second);
    for (const size of [0, 65536, 2 ** 40]) expect(list(server, fd, size)).toEqual([second, name].toSorted());
    expect(list(server, fd, 5)).toBe("ERANGE");
  });

  test.each([
    ["without a namespace", "plain", "EOPNOTSUPP"],
    ["without anything", "", "ERANGE"],
    ["too long", `user.${"x".repeat(251)}`, "ERANGE"],
  ])("have no name %s", (_what, attribute, errno) => {
    const { server, fd } = serverWithFile();
    using _ = server;
    expect(set(server, fd, "x", 0, attribute as ByteString)).toBe(errno);
    expect(get(server, fd, 0, attribute as ByteString)).toBe(errno);
  });

  test("of symlinks and sockets themselves are asked for, not of what they point to", () => {
    const { server } = serverWithFile();
    using _ = server;
    set(server, server.walk("file"), "x");
    symlinkSync("file", server.path("link"));
    createSocket(server.path("socket"));
    for (const path of ["link", "socket"]) {
      const fd = server.walk(path);
      expect([set(server, fd, "y"), list(server, fd)]).toEqual(["EPERM", []]);
      expect(["ENODATA", "EPERM"]).toContain(get(server, fd));
    }
    expect(get(server, server.walk("file"))).toBe("value x");
  });
});
