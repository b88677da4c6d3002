import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ByteString } from "../../../ffi/byte-string.ts";
import { AT_REMOVEDIR, O_RDONLY } from "../../../ffi/linux.ts";
import type { FdId } from "../../../src/wire/integers.ts";
import { noId } from "../../../src/wire/records.ts";
import type { Random } from "../../fuzz/support/random.ts";
import type { WorkClient } from "./work-client.ts";

const directories = 8;
const filesEach = 32;
const manyFiles = 150;
const name = "library" as ByteString;
const link = "link" as ByteString;

const creation = { uid: noId, gid: noId, mode: 0o600 };

function directoryName(index: number): ByteString {
  return `shelf-${index}` as ByteString;
}

function fileName(index: number): ByteString {
  return `book-${index}` as ByteString;
}

function sizeOf(directory: number, file: number): number {
  return directory * 100 + file;
}

/** Makes a tree that does not change, for clients to look at, in the host's directory `parent`. */
export function makeLibrary(parent: string): void {
  for (let directory = 0; directory < directories; directory++) {
    const path = join(parent, name, directoryName(directory));
    mkdirSync(path, { recursive: true });
    symlinkSync(`../${directoryName(directory)}`, join(path, link));
    for (let file = 0; file < filesEach; file++) {
      writeFileSync(join(path, fileName(file)), "x".repeat(sizeOf(directory, file)));
    }
  }
}

/** Looks at the attributes of a file, of those about it, and at what there is to be told of them. */
export function look(client: WorkClient, random: Random): void {
  const directory = random.below(directories);
  const file = random.below(filesEach);
  const path = [name, directoryName(directory), fileName(file)];
  const { stats } = client.expect("walkStat", { dirFd: client.root, path });
  expectSize(stats.at(-1)?.size, directory, file);
  client.withWalked(path, (fd) => {
    for (let times = 1 + random.below(20); times > 0; times--) {
      expectSize(client.expect("fStat", { fd }).size, directory, file);
    }
    client.expect("fStatFs", { fd });
  });
  client.withWalked([name, directoryName(directory), link], (fd) => client.expect("readLinkAt", { fd }));
}

/** Lists a directory. */
export function list(client: WorkClient, random: Random): void {
  const directory = random.below(directories);
  client.withWalked([name, directoryName(directory)], (fd) => {
    const names = client.list(client.expect("openAt", { fd, flags: O_RDONLY }).openFd);
    if (names.length !== filesEach + 1) throw new Error(`${names.length} names, not ${filesEach + 1}`);
  });
}

/** Asks for what is not there, or not possible, or out of range: other paths through the code than the usual ones. */
export function provokeErrors(client: WorkClient, random: Random): void {
  const missing = "missing \xff" as ByteString;
  const dirFd = client.root;
  for (let times = 1 + random.below(30); times > 0; times--) {
    expectError(client.call("unlinkAt", { dirFd, flags: 0, name: missing }), "ENOENT");
    expectError(client.call("unlinkAt", { dirFd, flags: AT_REMOVEDIR, name }), "ENOTEMPTY");
    expectError(client.call("fStat", { fd: Number.MAX_SAFE_INTEGER as FdId }), "EBADF");
    expectError(client.call("mkdirAt", { ...creation, dirFd, name }), "EEXIST");
  }
  const file = [name, directoryName(0), fileName(1)];
  client.withWalked(file, (fd) => {
    expectError(client.call("readLinkAt", { fd }), "EINVAL");
    const { openFd } = client.expect("openAt", { fd, flags: O_RDONLY });
    // Offsets beyond what a number can hold exactly.
    if (client.read(openFd, 2n ** 62n, 10).length !== 0) throw new Error("read something beyond the end");
    expectError(client.call("pRead", { fd: openFd, offset: 2n ** 64n - 1n, count: 1 }), "EINVAL");
    client.expect("close", { fds: [openFd] });
  });
}

/** Makes many files, holds them all open, and removes them. */
export function openMany(client: WorkClient, directory: string): void {
  const request = { ...creation, mode: 0o700, dirFd: client.root, name: directory as ByteString };
  const { controlFd: dirFd } = client.expect("mkdirAt", request).child;
  const fds = [dirFd];
  for (let file = 0; file < manyFiles; file++) {
    const made = client.expect("openCreateAt", { ...creation, dirFd, flags: O_RDONLY, name: fileName(file) });
    fds.push(made.child.controlFd, made.newFd);
  }
  for (let file = 0; file < manyFiles; file++) {
    client.expect("unlinkAt", { dirFd, flags: 0, name: fileName(file) });
  }
  client.expect("unlinkAt", { dirFd: client.root, flags: AT_REMOVEDIR, name: directory as ByteString });
  while (fds.length > 0) client.expect("close", { fds: fds.splice(-100) });
}

function expectSize(size: number | bigint | undefined, directory: number, file: number): void {
  const expected = sizeOf(directory, file);
  if (size !== expected) throw new Error(`a file of ${expected} bytes has ${size} bytes`);
}

function expectError(answer: unknown, symbol: string): void {
  if (answer !== symbol) throw new Error(`got ${JSON.stringify(answer)}, not ${symbol}`);
}
