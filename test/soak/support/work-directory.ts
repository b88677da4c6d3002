import { readFileSync } from "node:fs";
import { join } from "node:path";
import { allocateStaticMemory, memory } from "../../../ffi/arena.ts";
import type { ByteString } from "../../../ffi/byte-string.ts";
import { AT_REMOVEDIR, O_RDONLY, O_RDWR, STATX_SIZE } from "../../../ffi/linux.ts";
import type { FdId } from "../../../src/wire/integers.ts";
import { noId } from "../../../src/wire/records.ts";
import { Random } from "../../fuzz/support/random.ts";
import type { WorkClient } from "./work-client.ts";

const fileBytesMax = 128 * 1024;
const filesWanted = 16;

/** What files are filled from. */
const noise = Buffer.from(new Random(1).bytes(fileBytesMax));
const toWrite = allocateStaticMemory(fileBytesMax);

const creation = { uid: noId, gid: noId, mode: 0o644 };
const noTimes = { atimeSec: 0, atimeNsec: 0, mtimeSec: 0, mtimeNsec: 0 };

/** A directory that one client has to itself, and what must be in it: reads and audits compare. */
export class WorkDirectory {
  readonly #client: WorkClient;
  readonly #random: Random;
  readonly #name: ByteString;
  readonly #hostPath: string;
  readonly #files = new Map<ByteString, Buffer>();
  #namesGiven = 0;

  /** Makes the directory `name` in the client's mount, which is `hostMount` on the host. */
  constructor(client: WorkClient, random: Random, hostMount: string, name: string) {
    this.#client = client;
    this.#random = random;
    this.#name = name as ByteString;
    this.#hostPath = join(hostMount, name);
    const request = { ...creation, mode: 0o755, dirFd: client.root, name: this.#name };
    client.expect("close", { fds: [client.expect("mkdirAt", request).child.controlFd] });
  }

  /** Does one thing with one file. */
  work(): void {
    const random = this.#random;
    if (this.#files.size < filesWanted && random.chance(0.3)) this.#create();
    else if (this.#files.size === 0) this.#create();
    else random.pick(this.#deeds)();
  }

  readonly #deeds: readonly (() => void)[] = [
    () => this.#withOpen(this.#pick(), (fd, content) => this.#checkSome(fd, content)),
    () => this.#withOpen(this.#pick(), (fd, content) => this.#checkSome(fd, content)),
    () => this.#change(),
    () => this.#change(),
    () => this.#resize(),
    () => this.#rename(),
    () => this.#remove(),
    () => this.#removeWhileOpen(),
  ];

  /** Compares the names, and all content, with what they must be: as the gofer says, and as the host does. */
  audit(): void {
    const expected = [...this.#files.keys()].toSorted();
    const names = this.#client.list(this.#openDirectory()).toSorted();
    if (names.join("/") !== expected.join("/")) {
      throw new Error(`${this.#name} holds ${names.join(" ")}, not ${expected.join(" ")}`);
    }
    for (const [name, content] of this.#files) {
      this.#withOpen(name, (fd) => {
        const read = this.#client.read(fd, 0, 2 * fileBytesMax);
        if (!content.equals(read)) throw new Error(`${this.#name}/${name} does not hold what was written`);
      });
      const onHost = readFileSync(Buffer.from(join(this.#hostPath, name), "latin1"));
      if (!content.equals(onHost)) throw new Error(`${this.#name}/${name} is not the same on the host`);
    }
  }

  /** Removes all that is in it, and the directory. */
  clear(): void {
    while (this.#files.size > 0) this.#remove();
    this.#client.expect("unlinkAt", { dirFd: this.#client.root, flags: AT_REMOVEDIR, name: this.#name });
  }

  /** Opens all that is in it, to leave it to the gofer to close that. */
  openAll(): void {
    const { root: dirFd } = this.#client;
    for (const name of this.#files.keys()) {
      const { inodes } = this.#client.expect("walk", { dirFd, path: [this.#name, name] });
      for (const { controlFd: fd } of inodes.slice(1)) this.#client.expect("openAt", { fd, flags: O_RDWR });
    }
  }

  #create(): void {
    const name = this.#newName();
    this.#withDirectory((dirFd) => {
      const { child, newFd } = this.#client.expect("openCreateAt", { ...creation, dirFd, flags: O_RDWR, name });
      this.#files.set(name, this.#write(newFd, Buffer.alloc(0)));
      this.#client.expect("close", { fds: [newFd, child.controlFd] });
    });
  }

  #change(): void {
    const name = this.#pick();
    this.#withOpen(name, (fd, content) => {
      const changed = this.#write(fd, content);
      this.#files.set(name, changed);
      this.#checkSome(fd, changed);
    });
  }

  /** Cuts a file, or makes it longer with zeros. */
  #resize(): void {
    const name = this.#pick();
    const size = this.#random.below(fileBytesMax);
    this.#withFile(name, (fd) => {
      const request = { fd, mask: STATX_SIZE, mode: 0, uid: noId, gid: noId, size, ...noTimes };
      const { failureMask } = this.#client.expect("setStat", request);
      if (failureMask !== 0) throw new Error(`cannot set the size of ${name}`);
    });
    const resized = Buffer.alloc(size);
    this.#contentOf(name).copy(resized);
    this.#files.set(name, resized);
  }

  /** To a new name, or over another file. */
  #rename(): void {
    const oldName = this.#pick();
    const newName = this.#random.chance(0.5) ? this.#pick() : this.#newName();
    this.#withDirectory((dirFd) => {
      this.#client.expect("renameAt", { oldDir: dirFd, newDir: dirFd, oldName, newName });
    });
    if (oldName === newName) return;
    this.#files.set(newName, this.#contentOf(oldName));
    this.#files.delete(oldName);
  }

  #remove(): void {
    const name = this.#pick();
    this.#withDirectory((dirFd) => this.#client.expect("unlinkAt", { dirFd, flags: 0, name }));
    this.#files.delete(name);
  }

  /** What is open can be used on when its name has gone. */
  #removeWhileOpen(): void {
    const name = this.#pick();
    this.#withOpen(name, (fd, content) => {
      this.#withDirectory((dirFd) => this.#client.expect("unlinkAt", { dirFd, flags: 0, name }));
      this.#files.delete(name);
      this.#checkSome(fd, this.#write(fd, content));
    });
  }

  /** Writes at a random place, over the end at times, and gives what the file holds afterwards. */
  #write(fd: FdId, content: Buffer): Buffer {
    const offset = this.#random.below(content.length + 1);
    const length = this.#lengthUpTo(fileBytesMax - offset);
    const from = this.#random.below(fileBytesMax - length + 1);
    memory.u8.set(noise.subarray(from, from + length), toWrite);
    const { count } = this.#client.expect("pWrite", { fd, offset, data: { at: toWrite, length } });
    if (count !== length) throw new Error(`wrote ${count} bytes, not ${length}`);
    const changed = Buffer.alloc(Math.max(content.length, offset + length));
    content.copy(changed);
    noise.copy(changed, offset, from, from + length);
    return changed;
  }

  /** Reads at a random place, over the end at times. */
  #checkSome(fd: FdId, content: Buffer): void {
    const offset = this.#random.below(content.length + 1);
    const count = this.#lengthUpTo(fileBytesMax);
    const read = this.#client.read(fd, offset, count);
    if (!content.subarray(offset, offset + count).equals(read)) {
      throw new Error(`${count} bytes from ${offset} of a file of ${this.#name} are not what was written`);
    }
  }

  /** Small ones are as likely as large ones. */
  #lengthUpTo(max: number): number {
    return Math.min(max, this.#random.below(2 ** (1 + this.#random.below(Math.log2(fileBytesMax)))));
  }

  #withDirectory<T>(use: (dirFd: FdId) => T): T {
    return this.#client.withWalked([this.#name], use);
  }

  #withFile(name: ByteString, use: (fd: FdId) => void): void {
    this.#client.withWalked([this.#name, name], use);
  }

  #withOpen(name: ByteString, use: (openFd: FdId, content: Buffer) => void): void {
    this.#withFile(name, (fd) => {
      const { openFd } = this.#client.expect("openAt", { fd, flags: O_RDWR });
      use(openFd, this.#contentOf(name));
      this.#client.expect("close", { fds: [openFd] });
    });
  }

  #openDirectory(): FdId {
    return this.#withDirectory((fd) => this.#client.expect("openAt", { fd, flags: O_RDONLY }).openFd);
  }

  #newName(): ByteString {
    return `file ${this.#namesGiven++} \xff\xfe` as ByteString;
  }

  #pick(): ByteString {
    return this.#random.pick([...this.#files.keys()]);
  }

  #contentOf(name: ByteString): Buffer {
    const content = this.#files.get(name);
    if (content === undefined) throw new Error(`${name} was not made`);
    return content;
  }
}
