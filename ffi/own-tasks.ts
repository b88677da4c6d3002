import { addressOf, allocateStaticMemory, memory } from "./arena.ts";
import type { ByteString } from "./byte-string.ts";
import { readNames } from "./directory-names.ts";
import { Errno, Failure, type Result, resultOf } from "./errno.ts";
import { openAt } from "./files.ts";
import { type HostFd, OwnedFd, workingDirectory } from "./host-fd.ts";
import { O_CLOEXEC, O_DIRECTORY, O_RDONLY } from "./linux.ts";
import { threadId } from "./process.ts";
import { syscalls } from "./syscalls.ts";

const taskDirectory = "/proc/self/task" as ByteString;

const chunkBytes = 8192;
const chunk = allocateStaticMemory(chunkBytes);

/** What the kernel says of one thread. Source: proc_pid_status(5). */
export class TaskStatus {
  /** The name of the thread's directory: the same for as long as it lives. */
  readonly directory: ByteString;
  /** Of its status file, each with a line end before it. */
  readonly #lines: string;

  /** `text` is the content of its status file. */
  constructor(directory: ByteString, text: string) {
    this.directory = directory;
    this.#lines = `\n${text}`;
  }

  /** The value of a field, with single spaces in it; empty when the kernel has no such field. */
  value(field: string): string {
    const name = `\n${field}:`;
    const at = this.#lines.indexOf(name);
    if (at === -1) return "";
    const valueAt = at + name.length;
    const end = this.#lines.indexOf("\n", valueAt);
    const value = this.#lines.slice(valueAt, end === -1 ? undefined : end);
    return value.replaceAll("\t", " ").trim();
  }

  /** The thread's ID as system calls of this process know it, whatever PID namespace the proc file system shows. */
  get tid(): number {
    return Number(this.value("NSpid").split(" ").at(-1));
  }

  blocksSignal(signal: number): boolean {
    return ((BigInt(`0x${this.value("SigBlk")}`) >> BigInt(signal - 1)) & 1n) === 1n;
  }

  toString(): string {
    return `thread ${this.tid} (${this.value("Name")})`;
  }
}

/** The threads that there were at one moment. */
export interface TaskSnapshot {
  readonly tasks: readonly TaskStatus[];
  /** The directories of those that ended before they could be looked at. */
  readonly ended: readonly ByteString[];
}

/**
 * The threads of this process, by a descriptor of /proc/self/task, which goes on working when the proc file system is unmounted
 * and the root is another.
 */
export class OwnTasks implements Disposable {
  readonly #directory: OwnedFd;

  private constructor(directory: HostFd) {
    this.#directory = new OwnedFd(directory);
  }

  /** Errors: those of openat(2). */
  static open(): Result<OwnTasks> {
    const opened = openAt(workingDirectory, taskDirectory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return opened instanceof Failure ? opened : new OwnTasks(opened);
  }

  get descriptor(): HostFd {
    return this.#directory.borrow();
  }

  /** Looks at every thread. A thread that starts meanwhile may be missing. Errors: those of getdents64(2), openat(2) and read(2). */
  read(): Result<TaskSnapshot> {
    const names = readNames(this.descriptor);
    if (names instanceof Failure) return names;
    const tasks: TaskStatus[] = [];
    const ended: ByteString[] = [];
    for (const name of names) {
      const status = this.statusOf(name);
      if (status instanceof TaskStatus) tasks.push(status);
      else if (hasEnded(status)) ended.push(name);
      else return status;
    }
    return { tasks, ended };
  }

  /** The thread that calls. Errors: as read(). */
  readOwn(): Result<TaskStatus> {
    const names = readNames(this.descriptor);
    if (names instanceof Failure) return names;
    const ownId = threadId();
    for (const name of names) {
      const status = this.statusOf(name);
      if (status instanceof TaskStatus && status.tid === ownId) return status;
      if (status instanceof Failure && !hasEnded(status)) return status;
    }
    throw new Error("the calling thread is not among the threads of its process");
  }

  /** One thread, by the name of its directory. ENOENT or ESRCH when it has ended. Errors: those of openat(2) and read(2). */
  statusOf(name: ByteString): Result<TaskStatus> {
    const opened = openAt(this.descriptor, `${name}/status` as ByteString, O_RDONLY | O_CLOEXEC);
    if (opened instanceof Failure) return opened;
    using file = new OwnedFd(opened);
    const text = readText(file.borrow());
    return text instanceof Failure ? text : new TaskStatus(name, text);
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]();
  }
}

/** A thread that ends takes its directory along, at once or while its file is read. */
function hasEnded({ errno }: Failure): boolean {
  return errno === Errno.ENOENT || errno === Errno.ESRCH;
}

function readText(file: HostFd): Result<string> {
  for (let text = ""; ; ) {
    const count = resultOf(syscalls.read(file, addressOf(chunk), chunkBytes));
    if (count instanceof Failure) return count;
    if (count === 0) return text;
    text += memory.buffer.toString("latin1", chunk, chunk + count);
  }
}
