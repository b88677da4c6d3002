import { chmodSync, linkSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { byteStringOf } from "../../../ffi/byte-string.ts";
import { type HostFd, takeAndClose } from "../../../ffi/host-fd.ts";
import { SOCK_STREAM } from "../../../ffi/linux.ts";
import { bindTo, createUnixSocket, listenOn, UnixAddress } from "../../../ffi/unix-sockets.ts";
import type { Container } from "../../process/support/container.ts";
import { must } from "../../unit/support/results.ts";
import { snapshotOf } from "./snapshot.ts";

/** Stands in everything that no client may see: in the names and in the content of files. */
export const secret = "SECRET-6c1f0a";

/** What a client can write at most, so that no attack fills the host's memory. */
const treeBytesMax = 64 * 1024 * 1024;
const treeFilesMax = 20_000;

/** Where the client's files are in the gofer's root, one mount for each of its connections. */
export const servedDirectory = "/served";

/** The file system of the tree, as attributes on the wire name it. */
export interface Device {
  readonly major: number;
  readonly minor: number;
}

/**
 * What a hostile client is served, on a file system of its own, and what it must not reach: a directory beside it there, and one in
 * the gofer's root. Links of the tree lead to both.
 */
export class ServedTree implements Disposable {
  /** The served directory, as the host sees it. */
  readonly path: string;
  readonly device: Device;
  readonly #container: Container;
  readonly #space: string;
  readonly #listener: HostFd;
  #before: readonly string[] = [];

  /** Makes both in `container`, whose root becomes the gofer's. */
  constructor(container: Container) {
    this.#container = container;
    this.#space = container.path("space");
    mkdirSync(this.#space);
    run("mount", "-t", "tmpfs", "-o", `size=${treeBytesMax},nr_inodes=${treeFilesMax}`, "tmpfs", this.#space);
    this.path = join(this.#space, "tree");
    fillTree(this.path, this.#space);
    this.#listener = listenAt(join(this.path, "socket"));
    makeCanary(join(this.#space, "canary"));
    makeCanary(container.path("rootfs/canary"));
    this.device = deviceOf(lstatSync(this.path).dev);
  }

  /** Remembers how everything outside is, to be called when the gofer has made its mount points. */
  noteOutside(): void {
    this.#before = this.#outside();
  }

  /** What has changed outside the tree since then, as lines of snapshotOf(). */
  changesOutside(): readonly string[] {
    return differences(this.#before, this.#outside());
  }

  join(...names: readonly string[]): string {
    return join(this.path, ...names);
  }

  #outside(): readonly string[] {
    return [join(this.#space, "canary"), this.#container.path("rootfs")].flatMap(snapshotOf);
  }

  [Symbol.dispose](): void {
    takeAndClose(this.#listener);
    run("umount", this.#space);
  }
}

/** Lines that are only in one of the lists. */
export function differences(before: readonly string[], after: readonly string[]): readonly string[] {
  const known = new Set(before);
  const seen = new Set(after);
  return [
    ...before.filter((line) => !seen.has(line)).map((line) => `was: ${line}`),
    ...after.filter((line) => !known.has(line)).map((line) => `is: ${line}`),
  ];
}

function fillTree(tree: string, space: string): void {
  for (const directory of ["", "dir", "dir/deep", "dir/deep/deeper", "empty", "swap", "swap/dir"]) {
    mkdirSync(join(tree, directory));
    writeFileSync(join(tree, directory, "file"), `file of ${directory}\n`);
  }
  linkSync(join(tree, "file"), join(tree, "dir/hardlink"));
  writeFileSync(join(tree, "large"), Buffer.alloc(3_000_000, "large "));
  for (const [name, target] of [
    ["to-file", "file"],
    ["to-directory", "dir"],
    ["to-nowhere", "nowhere"],
    ["to-parent", ".."],
    ["to-root", "/"],
    ["to-canary", "/canary"],
    ["to-canary-up", "../../canary"],
    ["to-neighbour", "../canary"],
    ["to-neighbour-on-host", join(space, "canary")],
    ["dir/to-canary", "/canary"],
    ["dir/to-self", "/proc/self/fd"],
    ["loop", "loop"],
  ] as const) {
    symlinkSync(target, join(tree, name));
  }
  run("mkfifo", join(tree, "fifo"));
  run("mknod", join(tree, "null"), "c", "1", "3");
  for (const entry of ["", "dir", "dir/deep", "dir/deep/deeper", "empty", "file", "dir/file"]) {
    chmodSync(join(tree, entry), 0o777);
  }
}

/** A socket that nobody accepts at. The caller owns it. */
function listenAt(path: string): HostFd {
  using address = must(UnixAddress.of(byteStringOf(path)));
  const socket = must(createUnixSocket(SOCK_STREAM));
  must(bindTo(socket, address));
  must(listenOn(socket, 5));
  return socket;
}

function makeCanary(directory: string): void {
  mkdirSync(join(directory, `${secret}-directory`), { recursive: true });
  // A name that a client can know, with content that it must not.
  writeFileSync(join(directory, "file"), `${secret}\n`);
  writeFileSync(join(directory, secret), `${secret}\n`);
}

/** Source: makedev(3), as the kernel packs numbers for user space. */
export function deviceOf(number: number): Device {
  return { major: (number >> 8) & 0xfff, minor: (number & 0xff) | ((number >>> 12) & 0xfff00) };
}

function run(...command: readonly string[]): void {
  // No pipes: they are sockets, and take a while to go.
  const { success } = Bun.spawnSync([...command], { stdio: ["ignore", "inherit", "inherit"] });
  if (!success) throw new Error(`${command.join(" ")} failed`);
}
