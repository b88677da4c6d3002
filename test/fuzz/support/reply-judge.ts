import { fstatSync, readlinkSync } from "node:fs";
import { errnoName } from "../../../ffi/errno.ts";
import { type HostFd, takeAndClose } from "../../../ffi/host-fd.ts";
import type { Memory } from "../../../ffi/memory.ts";
import { decodeDirents } from "../../../src/wire/dirent.ts";
import { decodeReply, type MessageDefinition } from "../../../src/wire/message.ts";
import { type MessageName, messageNames, messages, type ReplyOf } from "../../../src/wire/messages.ts";
import type { Inode } from "../../../src/wire/records.ts";
import type { RawReply } from "../../unit/support/client.ts";
import { type Device, deviceOf, secret } from "./served-tree.ts";

/** A reply that was decoded: what it is of, or the symbol of its error. */
export type JudgedReply = {
  readonly [N in MessageName]: { readonly name: N; readonly reply: ReplyOf<N> };
}[MessageName];

/** How /proc names the memory of channels. */
export const channelMemory = "/memfd:lisafs-channels";

const success = "success";

/** Looks at every reply for signs that a client got what it must not get, or that the gofer is broken. */
export class ReplyJudge {
  /** How many replies there were of each error, by its symbol, and of success. */
  readonly counts = new Map<string, number>();
  /** The messages that were answered with more than an error. */
  readonly served = new Set<MessageName>();
  readonly violations: string[] = [];
  readonly #device: Device;

  /** `device` is the served file system's. */
  constructor(device: Device) {
    this.#device = device;
  }

  /** Judges a reply and closes its descriptors; undefined for what cannot be decoded. */
  judge({ messageId, payload, fds }: RawReply): JudgedReply | undefined {
    for (const fd of fds) this.judgeDescriptor(fd);
    if (Buffer.from(payload.buffer, payload.byteOffset, payload.length).includes(secret)) {
      this.violations.push(`a reply of message ${messageId} holds what stands outside the tree`);
    }
    const name = messageNames[messageId];
    if (name === undefined) {
      this.violations.push(`a reply of message ${messageId}, which does not exist`);
      return undefined;
    }
    const memory: Memory = { u8: payload, view: new DataView(payload.buffer, payload.byteOffset, payload.length) };
    const reply = decodeReply(messages[name] as MessageDefinition, memory, 0, payload.length);
    if (reply === undefined) {
      this.violations.push(`the reply to ${name} is cut short at ${payload.length} bytes`);
      return undefined;
    }
    const judged = { name, reply } as JudgedReply;
    if (judged.name === "error") {
      this.#judgeError(judged.reply.errno);
      return judged;
    }
    this.#count(success);
    this.served.add(judged.name);
    for (const { devMajor, devMinor } of filesIn(judged, memory)) {
      if (devMajor === this.#device.major && devMinor === this.#device.minor) continue;
      this.violations.push(`${name} told of a file on device ${devMajor}:${devMinor}, outside the tree`);
    }
    return judged;
  }

  /** Takes a descriptor that came with a reply. */
  judgeDescriptor(fd: HostFd): void {
    const target = readlinkSync(`/proc/self/fd/${fd}`);
    const { major, minor } = deviceOf(fstatSync(fd).dev);
    takeAndClose(fd);
    if (major === this.#device.major && minor === this.#device.minor) return;
    if (target.startsWith("socket:") || target.startsWith(channelMemory)) return;
    this.violations.push(`got a descriptor of ${target} on device ${major}:${minor}, outside the tree`);
  }

  #judgeError(errno: number): void {
    const symbol = errnoName(errno);
    this.#count(symbol);
    // What dispatch says when a handler has thrown. Nothing on the served file system gives it.
    if (symbol === "EREMOTEIO" || errno === 0) this.violations.push(`an error reply with ${symbol}: a handler crashed`);
  }

  #count(outcome: string): void {
    this.counts.set(outcome, (this.counts.get(outcome) ?? 0) + 1);
  }
}

type FileDevice = { readonly devMajor: number; readonly devMinor: number };

/** What the reply says of files. */
function filesIn(judged: JudgedReply, memory: Memory): readonly FileDevice[] {
  if (judged.name === "fStat") return [judged.reply];
  if (judged.name === "walkStat") return judged.reply.stats;
  if (judged.name === "getdents64") return decodeDirents(memory, 0, judged.reply) ?? [];
  return inodesIn(judged).map(({ stat }) => stat);
}

/** The control FDs that the reply gives out. */
export function inodesIn(judged: JudgedReply): readonly Inode[] {
  switch (judged.name) {
    case "mount":
      return [judged.reply.root];
    case "walk":
      return judged.reply.inodes;
    case "openCreateAt":
    case "mkdirAt":
    case "mknodAt":
    case "symlinkAt":
    case "linkAt":
    case "bindAt":
      return [judged.reply.child];
    default:
      return [];
  }
}
