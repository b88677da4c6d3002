import { describe, expect } from "bun:test";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import type { ByteString } from "../../ffi/byte-string.ts";
import { STATX_ATIME, STATX_MODE, STATX_SIZE, STATX_UID } from "../../ffi/linux.ts";
import type { FdId } from "../../src/wire/integers.ts";
import type { AttackConnection } from "./support/attack-connection.ts";
import { attackTest } from "./support/attack-test.ts";
import { BusyThread } from "./support/busy-thread.ts";
import type { ServedTree } from "./support/served-tree.ts";

const globalFlags = ["--host-uds=all"];
const rounds = 400;
const creation = { uid: 1, gid: 2, mode: 0o777 };
const change = { mode: 0o777, uid: 1, gid: 2, size: 0, atimeSec: 1, atimeNsec: 1, mtimeSec: 1, mtimeNsec: 1 };

/** Names that are in the canary as well, and one that is not. */
const names = ["file", "made"] as ByteString[];

function walk(connection: AttackConnection, ...path: readonly string[]): FdId | undefined {
  const walked = connection.call("walk", { dirFd: connection.root, path: path as ByteString[] });
  return typeof walked === "string" || walked.inodes.length < path.length ? undefined : walked.inodes.at(-1)?.controlFd;
}

function mustWalk(connection: AttackConnection, ...path: readonly string[]): FdId {
  const fd = walk(connection, ...path);
  if (fd === undefined) throw new Error(`cannot walk to ${path.join("/")}`);
  return fd;
}

/** Everything that goes by a name in this directory. */
function useDirectory(connection: AttackConnection, dirFd: FdId): void {
  for (const name of names) {
    connection.call("walk", { dirFd, path: [name] });
    connection.call("walkStat", { dirFd, path: ["" as ByteString, name] });
    connection.call("openCreateAt", { dirFd, ...creation, flags: 2, name });
    connection.call("unlinkAt", { dirFd, flags: 0, name });
    connection.call("symlinkAt", { dirFd, ...creation, name, linkTarget: "/canary/file" as ByteString });
    connection.call("renameAt", {
      oldDir: dirFd,
      newDir: connection.root,
      oldName: name,
      newName: "taken" as ByteString,
    });
    connection.call("renameAt", {
      oldDir: connection.root,
      newDir: dirFd,
      oldName: "taken" as ByteString,
      newName: name,
    });
    connection.call("unlinkAt", { dirFd, flags: 0, name });
    connection.call("bindAt", { dirFd, ...creation, sockType: 1, name });
    connection.call("unlinkAt", { dirFd, flags: 0, name });
    connection.call("mkdirAt", { dirFd, ...creation, name });
    connection.call("unlinkAt", { dirFd, flags: 0x200, name });
    connection.call("mknodAt", { dirFd, ...creation, mode: 0o100666, major: 0, minor: 0, name });
  }
}

/** Everything that goes by the file. */
function useFile(connection: AttackConnection, fd: FdId): void {
  const attribute = "trusted.attack" as ByteString;
  connection.call("fStat", { fd });
  for (const mask of [STATX_MODE, STATX_SIZE, STATX_ATIME, STATX_UID])
    connection.call("setStat", { fd, mask, ...change });
  connection.call("fSetXattr", { fd, flags: 0, name: attribute, value: new Uint8Array(3) });
  connection.call("fGetXattr", { fd, bufferBytes: 0, name: attribute });
  connection.call("fListXattr", { fd, size: 0 });
  connection.call("fRemoveXattr", { fd, name: attribute });
  connection.call("linkAt", { dirFd: connection.root, linkedFd: fd, name: "linked" as ByteString });
  connection.call("unlinkAt", { dirFd: connection.root, flags: 0, name: "linked" as ByteString });
  connection.call("readLinkAt", { fd });
  connection.call("connect", { fd, sockType: 1 });
  connection.call("connectWithCreds", { fd, sockType: 1, uid: 1, gid: 1 });
  connection.call("openAt", { fd, flags: 2 });
}

function closeAllButRoot(connection: AttackConnection): void {
  connection.closeAllFds();
  connection.mount();
}

/** A directory that takes turns with a link to the canary. */
function prepareSwap(tree: ServedTree): void {
  symlinkSync("/canary", tree.join("swap/link"));
}

describe("a host that swaps a directory for a link to somewhere else", () => {
  attackTest("while clients walk leads nobody there", { connections: 2, globalFlags }, async ({ gofer, tree }) => {
    const connections = gofer.connect();
    prepareSwap(tree);
    await using _swapper = await BusyThread.swap({ directory: tree.join("swap"), names: ["dir", "link"] });
    for (let round = 0; round < rounds; round++) {
      for (const connection of connections) {
        const path = ["swap", "dir", "file"] as ByteString[];
        connection.call("walk", { dirFd: connection.root, path });
        connection.call("walkStat", { dirFd: connection.root, path });
        const directory = walk(connection, "swap", "dir");
        if (directory !== undefined) useDirectory(connection, directory);
        const file = walk(connection, "swap", "dir", "file");
        if (file !== undefined) useFile(connection, file);
        closeAllButRoot(connection);
      }
      if (round % 20 === 0) gofer.check();
    }
  });

  attackTest("leads nobody there who holds the directory", { connections: 1, globalFlags }, async ({ gofer, tree }) => {
    const connection = gofer.connectOne();
    prepareSwap(tree);
    const directory = mustWalk(connection, "swap", "dir");
    const bound = { dirFd: directory, ...creation, sockType: 1, name: "sock" as ByteString };
    const { controlFd: socket } = connection.expect("bindAt", bound).child;
    const link = { dirFd: directory, uid: 1, gid: 2, name: "link" as ByteString, linkTarget: "file" as ByteString };
    const { controlFd: symlink } = connection.expect("symlinkAt", link).child;
    const file = mustWalk(connection, "swap", "dir", "file");
    {
      await using _swapper = await BusyThread.swap({ directory: tree.join("swap"), names: ["dir", "link"] });
      for (let round = 0; round < rounds; round++) {
        useDirectory(connection, directory);
        for (const fd of [socket, symlink, file]) useFile(connection, fd);
        const kept = [directory, socket, symlink, file, connection.root];
        connection.expect("close", { fds: connection.fds.all.filter((id) => !kept.includes(id)) });
        if (round % 20 === 0) gofer.check();
      }
    }
  });

  // The same without a race: the directory is gone for good, and the gofer was not told.
  attackTest("for good leads nobody there", { connections: 1, globalFlags }, ({ gofer, tree }) => {
    const connection = gofer.connectOne();
    const directory = mustWalk(connection, "swap", "dir");
    const bound = { dirFd: directory, ...creation, sockType: 1, name: "file2" as ByteString };
    const { controlFd: socket } = connection.expect("bindAt", bound).child;
    const file = mustWalk(connection, "swap", "dir", "file");
    renameSync(tree.join("swap/dir"), tree.join("swap/away"));
    symlinkSync("/canary", tree.join("swap/dir"));
    useDirectory(connection, directory);
    useFile(connection, socket);
    useFile(connection, file);
    gofer.check();
  });
});

describe("a file that gives way to a link to somewhere else", () => {
  attackTest("does not let its attributes be changed there", { connections: 1, globalFlags }, ({ gofer, tree }) => {
    const connection = gofer.connectOne();
    mkdirSync(tree.join("gone"));
    const kinds = {
      socket: () =>
        connection.expect("bindAt", {
          dirFd: mustWalk(connection, "gone"),
          ...creation,
          sockType: 1,
          name: "socket" as ByteString,
        }),
      link: () => symlinkSync("nowhere", tree.join("gone/link")),
      file: () => writeFileSync(tree.join("gone/file"), ""),
    };
    for (const [name, make] of Object.entries(kinds)) {
      make();
      const fd = mustWalk(connection, "gone", name);
      rmSync(tree.join("gone", name));
      symlinkSync("/canary/file", tree.join("gone", name));
      useFile(connection, fd);
      gofer.check();
    }
  });
});

describe("a tree that is not what the gofer takes it for", () => {
  // One mount moves a directory out of another, and the other one into it: the gofer's own view of the second mount is a ring.
  attackTest("does not trap it", { connections: 2, globalFlags }, ({ gofer }) => {
    const [first, second] = gofer.connect();
    if (first === undefined || second === undefined) throw new Error("two connections are wanted");
    const outer = mustWalk(first, "dir");
    const inner = mustWalk(first, "dir", "deep");
    const deep = "deep" as ByteString;
    second.expect("renameAt", { oldDir: mustWalk(second, "dir"), newDir: second.root, oldName: deep, newName: deep });
    first.expect("renameAt", { oldDir: first.root, newDir: inner, oldName: "dir" as ByteString, newName: deep });
    useDirectory(first, outer);
    useDirectory(first, inner);
    const link = { uid: 1, gid: 1, name: "x" as ByteString, linkTarget: "y" as ByteString };
    for (const dirFd of [outer, inner]) {
      const made = first.call("symlinkAt", { dirFd, ...link });
      if (typeof made !== "string") useFile(first, made.child.controlFd);
    }
    gofer.check();
    expect(walk(first, "deep", "deep", "file")).toBeDefined();
  });
});
