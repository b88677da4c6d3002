import { describe, expect, test } from "bun:test";
import { lstatSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { memory } from "../../../ffi/arena.ts";
import { type ByteString, byteStringOf } from "../../../ffi/byte-string.ts";
import { type Dirent, decodeDirents } from "../../../src/wire/dirent.ts";
import type { FdId } from "../../../src/wire/integers.ts";
import type { TestClient } from "../support/client.ts";
import { HostServer } from "../support/host-server.ts";
import { createFifo, createSocket } from "../support/special-files.ts";
import { TemporaryDirectory } from "../support/temporary-directory.ts";

const enough = 1_000_000;

function entries(client: TestClient, dirFd: FdId, count = enough): readonly Dirent[] | string {
  const answer = client.call("getdents64", { dirFd, count });
  if (typeof answer === "string") return answer;
  const decoded = decodeDirents(memory, client.payloadAt, answer.reply);
  if (decoded === undefined) throw new Error("the entries do not match their count");
  return decoded;
}

function names(client: TestClient, dirFd: FdId, count = enough): string[] {
  const found = entries(client, dirFd, count);
  if (typeof found === "string") throw new Error(found);
  return found.map(({ name }) => name);
}

/** A server whose directory has `count` files. */
function serverWithFiles(count: number): { readonly server: HostServer; readonly directory: FdId } {
  const server = new HostServer();
  for (let index = 0; index < count; index++) writeFileSync(server.path(`file ${index}`), "");
  return { server, directory: server.open("", 0) };
}

describe("getdents64", () => {
  test("gives each entry with its type, inode, device and position, but not . and ..", () => {
    using server = new HostServer();
    writeFileSync(server.path("file"), "");
    mkdirSync(server.path("directory"));
    symlinkSync("nowhere", server.path("link"));
    createFifo(server.path("fifo"));
    createSocket(server.path("socket"));
    const found = entries(server.client, server.open("", 0));
    if (typeof found === "string") throw new Error(found);
    const types = Object.fromEntries(found.map(({ name, type }) => [name, type]));
    expect(types).toEqual({ file: 8, directory: 4, link: 10, fifo: 1, socket: 12 });
    for (const { name, ino, devMajor, devMinor } of found) {
      const stat = lstatSync(server.path(name), { bigint: true });
      expect(BigInt(ino)).toBe(stat.ino);
      expect(BigInt((devMajor << 8) | devMinor)).toBe(stat.dev);
    }
    expect(new Set(found.map(({ off }) => off)).size).toBe(5);
  });

  test("gives names of any bytes", () => {
    using server = new HostServer();
    const wanted = ["\xff\xfe", "a\nb", "é", "x".repeat(255)].map((name) => name as ByteString);
    for (const name of wanted) {
      writeFileSync(Buffer.concat([Buffer.from(`${server.directory}/`), Buffer.from(name, "latin1")]), "");
    }
    expect(names(server.client, server.open("", 0)).toSorted()).toEqual(wanted.toSorted());
  });

  test("gives nothing of an empty directory, and nothing more at the end", () => {
    const { server, directory } = serverWithFiles(3);
    using _ = server;
    mkdirSync(server.path("empty"));
    expect(entries(server.client, server.open("empty", 0))).toEqual([]);
    expect(names(server.client, directory)).toHaveLength(4);
    expect(names(server.client, directory)).toEqual([]);
  });

  test("goes on where it left off, each entry once, however small the steps", () => {
    const { server, directory } = serverWithFiles(50);
    using _ = server;
    for (const count of [300, 1000, 64]) {
      const all: string[] = [];
      for (let step = names(server.client, directory, -count); step.length > 0; ) {
        all.push(...step);
        step = names(server.client, directory, count);
      }
      expect(new Set(all).size).toBe(50);
      expect(all).toHaveLength(50);
    }
  });

  test("gives no more than the kernel's records of as many bytes would hold", () => {
    const { server, directory } = serverWithFiles(100);
    using _ = server;
    // A record of "file NN" takes 32 bytes.
    expect(names(server.client, directory, 320).length).toBeLessThanOrEqual(12);
  });

  test("gives nothing where there is no room for one entry, and can be asked again", () => {
    const { server, directory } = serverWithFiles(5);
    using _ = server;
    for (const count of [0, 1, 23, -1]) expect(names(server.client, directory, count)).toEqual([]);
    expect(names(server.client, directory)).toHaveLength(5);
  });

  test("begins anew when the count is negative", () => {
    const { server, directory } = serverWithFiles(5);
    using _ = server;
    const first = names(server.client, directory);
    expect(names(server.client, directory, -enough)).toEqual(first);
    writeFileSync(server.path("later"), "");
    expect(names(server.client, directory, -enough)).toContain("later");
  });

  test("gives 5,000 entries, whether all at once or in pages", () => {
    using many = new TemporaryDirectory("/dev/shm");
    for (let index = 0; index < 5000; index++) writeFileSync(many.join(`file ${index}`), "");
    using server = new HostServer();
    const client = server.connect(many.path);
    const directory = client.expect("openAt", { fd: server.mount(client), flags: 0 }).openFd;
    expect(new Set(names(client, directory, -(2 ** 31))).size).toBe(5000);
    const all: string[] = [];
    for (let page = names(client, directory, -65536); page.length > 0; ) {
      all.push(...page);
      page = names(client, directory, 65536);
    }
    expect([all.length, new Set(all).size]).toEqual([5000, 5000]);
  });

  test("gives each entry the device of what is mounted there", () => {
    using server = new HostServer();
    const other = server.connect("/");
    const root = server.mount(other);
    const directory = other.expect("openAt", { fd: root, flags: 0 }).openFd;
    const found = entries(other, directory);
    if (typeof found === "string") throw new Error(found);
    for (const name of ["proc", "dev"]) {
      const entry = found.find((dirent) => dirent.name === name);
      const device = statSync(`/${name}`).dev;
      expect([name, ((entry?.devMajor ?? 0) << 8) | (entry?.devMinor ?? 0)]).toEqual([name, device]);
    }
  });

  test("of a removed directory is answered EINVAL", () => {
    using server = new HostServer();
    mkdirSync(server.path("gone"));
    const directory = server.open("gone", 0);
    server.client.expect("unlinkAt", { dirFd: server.root, flags: 0x200, name: byteStringOf("gone") });
    expect(entries(server.client, directory)).toBe("EINVAL");
  });

  test("has a position for each open directory", () => {
    const { server, directory } = serverWithFiles(5);
    using _ = server;
    const second = server.open("", 0);
    expect(names(server.client, directory)).toHaveLength(5);
    expect(names(server.client, second)).toHaveLength(5);
  });
});
