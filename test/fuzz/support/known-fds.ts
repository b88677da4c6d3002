import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK } from "../../../ffi/linux.ts";
import type { FdId } from "../../../src/wire/integers.ts";
import type { Inode } from "../../../src/wire/records.ts";
import type { Random } from "./random.ts";
import { inodesIn, type JudgedReply } from "./reply-judge.ts";

const fdKinds = ["directory", "file", "link", "socket", "special", "openFile", "openDirectory", "boundSocket"] as const;

/** What an FD that a client was given stands for, as far as the client can know. */
export type FdKind = (typeof fdKinds)[number];

/** Never given out, or not yet: around the limits of integers, and places in tables. */
const inventedIds = [0, 1, 2, 77, 1000, 2 ** 31 - 1, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1, 2 ** 64 - 1];

const closedKeptMax = 50;

/** The FDs that one connection has been given. */
export class KnownFds {
  readonly #byKind = new Map<FdKind, FdId[]>(fdKinds.map((kind) => [kind, []]));
  readonly #closed: FdId[] = [];

  /** All that were given and not closed. */
  get all(): readonly FdId[] {
    return [...this.#byKind.values()].flat();
  }

  isDirectory(id: number): boolean {
    return this.#byKind.get("directory")?.includes(id as FdId) === true;
  }

  /** Learns what a reply gives. `opensDirectory` is what the client knows of the FD it opened. */
  learn(judged: JudgedReply, opensDirectory = false): void {
    for (const inode of inodesIn(judged)) this.#add(kindOf(inode), inode.controlFd);
    if (judged.name === "openAt") this.#add(opensDirectory ? "openDirectory" : "openFile", judged.reply.openFd);
    if (judged.name === "openCreateAt") this.#add("openFile", judged.reply.newFd);
    if (judged.name === "bindAt") this.#add("boundSocket", judged.reply.boundSocketFd);
  }

  /** Notes that these were closed, as far as they were given. */
  forget(closed: readonly FdId[]): void {
    const gone = new Set(closed);
    for (const [kind, ids] of this.#byKind) {
      const kept = ids.filter((id) => !gone.has(id));
      if (kept.length < ids.length) this.#byKind.set(kind, kept);
    }
    this.#closed.push(...closed);
    if (this.#closed.length > closedKeptMax) this.#closed.splice(0, this.#closed.length - closedKeptMax);
  }

  /** Mostly one of the kind wanted; else of another, closed, or invented. */
  pick(random: Random, wanted: FdKind): FdId {
    const wantedIds = this.#byKind.get(wanted) ?? [];
    // The last ones are the deepest.
    if (wantedIds.length > 0 && random.chance(0.93))
      return random.pick(random.chance(0.5) ? wantedIds.slice(-4) : wantedIds);
    const all = this.all;
    if (all.length > 0 && random.chance(0.7)) return random.pick(all);
    if (this.#closed.length > 0 && random.chance(0.6)) return random.pick(this.#closed);
    return random.pick(inventedIds) as FdId;
  }

  #add(kind: FdKind, id: FdId): void {
    this.#byKind.get(kind)?.push(id);
  }
}

function kindOf({ stat }: Inode): FdKind {
  switch (stat.mode & S_IFMT) {
    case S_IFDIR:
      return "directory";
    case S_IFREG:
      return "file";
    case S_IFLNK:
      return "link";
    case S_IFSOCK:
      return "socket";
    default:
      return "special";
  }
}
