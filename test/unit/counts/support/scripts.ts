import { closeSync, mkdirSync, openSync, symlinkSync, writeFileSync } from "node:fs";
import { allocateMemory } from "../../../../ffi/arena.ts";
import { byteStringOf } from "../../../../ffi/byte-string.ts";
import { O_RDONLY, O_RDWR, STATX_MODE, STATX_MTIME, STATX_SIZE } from "../../../../ffi/linux.ts";
import { noId } from "../../../../src/wire/records.ts";
import type { HostServer } from "../../support/host-server.ts";
import { noAttributes } from "../../support/sample-requests.ts";
import { createdIds, openedAndClosed, type ScriptedRequest, scripted, walkedIds } from "./scripted-request.ts";

const depth = 8;
const entries = 1000;
const page = 4096;
const mebibyte = 1024 * 1024;
const fileName = "file";
const linkName = "link";
const listedName = "listed";
const attribute = byteStringOf("user.counted");

/** One component for each level below the mount point. */
const deepPath = Array.from({ length: depth }, (_, level) => byteStringOf(`level-${level}`));

function build(server: HostServer): void {
  writeFileSync(server.path(fileName), Buffer.alloc(mebibyte, 1));
  symlinkSync(fileName, server.path(linkName));
  mkdirSync(server.path(...deepPath), { recursive: true });
}

function buildListed(server: HostServer): void {
  mkdirSync(server.path(listedName));
  for (let entry = 0; entry < entries; entry++) {
    closeSync(openSync(server.path(listedName, `entry-${String(entry).padStart(4, "0")}`), "w"));
  }
}

/** What is requested over and over, by name. The requests of one name are counted together. */
export type Script = (server: HostServer) => readonly ScriptedRequest[];

function script(make: Script): Script {
  return (server) => {
    build(server);
    return make(server);
  };
}

function reading(count: number): Script {
  return script((server) => [
    scripted(server.client, "pRead", { fd: server.open(fileName, O_RDONLY), offset: 0, count }),
  ]);
}

function writing(length: number): Script {
  return script((server) => {
    const at = allocateMemory(length);
    if (at === undefined) throw new Error("no memory for what is written");
    return [scripted(server.client, "pWrite", { fd: server.open(fileName, O_RDWR), offset: 0, data: { at, length } })];
  });
}

function settingStat(mask: number): Script {
  return script((server) => {
    const request = {
      ...noAttributes,
      fd: server.walk(fileName),
      mask,
      mode: 0o640,
      size: page,
      mtimeSec: 1,
      mtimeNsec: 2,
    };
    return [scripted(server.client, "setStat", request)];
  });
}

function walking(path: typeof deepPath): Script {
  return script(({ client, root }) => openedAndClosed(client, "walk", { dirFd: root, path }, walkedIds(path.length)));
}

export const scripts = {
  FStat: script((server) => [scripted(server.client, "fStat", { fd: server.walk(fileName) })]),
  "Walk 1, Close": walking(deepPath.slice(0, 1)),
  "Walk 8, Close": walking(deepPath),
  "WalkStat 1": script(({ client, root }) => [
    scripted(client, "walkStat", { dirFd: root, path: deepPath.slice(0, 1) }),
  ]),
  "WalkStat 8": script(({ client, root }) => [scripted(client, "walkStat", { dirFd: root, path: deepPath })]),
  "OpenAt, Close": script((server) =>
    openedAndClosed(server.client, "openAt", { fd: server.walk(fileName), flags: O_RDONLY }, [0]),
  ),
  "OpenCreateAt, Close, UnlinkAt": script(({ client, root }) => {
    const name = byteStringOf("new");
    const request = { dirFd: root, uid: noId, gid: noId, mode: 0o600, flags: O_RDWR, name };
    return [
      ...openedAndClosed(client, "openCreateAt", request, createdIds),
      scripted(client, "unlinkAt", { dirFd: root, flags: 0, name }),
    ];
  }),
  "PRead 4 KiB": reading(page),
  "PRead 1 MiB": reading(mebibyte),
  "PWrite 4 KiB": writing(page),
  "PWrite 1 MiB": writing(mebibyte),
  "Getdents64 of 1000": script((server) => {
    buildListed(server);
    return [scripted(server.client, "getdents64", { dirFd: server.open(listedName, O_RDONLY), count: -mebibyte })];
  }),
  "SetStat mode": settingStat(STATX_MODE),
  "SetStat size": settingStat(STATX_SIZE),
  "SetStat mtime": settingStat(STATX_MTIME),
  Readlink: script((server) => [scripted(server.client, "readLinkAt", { fd: server.walk(linkName) })]),
  FGetXattr: script((server) => {
    const fd = server.walk(fileName);
    server.client.expect("fSetXattr", { fd, name: attribute, value: Buffer.from("value"), flags: 0 });
    return [scripted(server.client, "fGetXattr", { fd, name: attribute, bufferBytes: 64 })];
  }),
} as const satisfies Readonly<Record<string, Script>>;

export type ScriptName = keyof typeof scripts;
