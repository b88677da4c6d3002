import { memory } from "../../../ffi/arena.ts";
import type { ByteString } from "../../../ffi/byte-string.ts";
import { Errno, fail, type Result } from "../../../ffi/errno.ts";
import type { HostFd } from "../../../ffi/host-fd.ts";
import { S_IFDIR, S_IFMT, S_IFREG } from "../../../ffi/linux.ts";
import type { ConnectionImpl, Mounted } from "../../../src/server/connection-impl.ts";
import { BoundSocketFd, ControlFd, type Creation, type Found, type Opened, OpenFd } from "../../../src/server/fds.ts";
import type { MaybePromise } from "../../../src/server/maybe-promise.ts";
import type { Node } from "../../../src/server/node.ts";
import type { Span } from "../../../src/wire/data.ts";
import type { DirentWriter } from "../../../src/wire/dirent.ts";
import type { U64 } from "../../../src/wire/integers.ts";
import { payloadBytesMax } from "../../../src/wire/limits.ts";
import { type MessageName, messageNames, type ReplyOf, type RequestOf } from "../../../src/wire/messages.ts";
import type { StatFs } from "../../../src/wire/records.ts";
import type { Statx } from "../../../src/wire/statx.ts";

/** Attributes of a file of this mode, all else being 0. */
export function statOfMode(mode: number): Statx {
  return {
    mask: 0,
    blksize: 0,
    attributes: 0,
    nlink: 1,
    uid: 0,
    gid: 0,
    mode,
    ino: 0,
    size: 0,
    blocks: 0,
    attributesMask: 0,
    atimeSec: 0,
    atimeNsec: 0,
    btimeSec: 0,
    btimeNsec: 0,
    ctimeSec: 0,
    ctimeNsec: 0,
    mtimeSec: 0,
    mtimeNsec: 0,
    rdevMajor: 0,
    rdevMinor: 0,
    devMajor: 0,
    devMinor: 0,
  };
}

/** What a method of the backend gives in place of what it would: a failure, a promise, or nothing because it throws. */
type Substitute = () => MaybePromise<Result<never>>;

/**
 * A backend without files: it notes every call, answers as told, and can be made to wait. Files are the paths in `modes`; anything
 * can be created and removed without that changing.
 */
export class Script {
  /** The calls in order: method and path, with what matters of the arguments; `end …` when one that waited goes on. */
  readonly calls: string[] = [];
  /** Modes of the files that walks find, by path. */
  readonly modes = new Map<string, number>([["/", S_IFDIR | 0o755]]);
  /** What methods give instead, by method and path, such as `stat /file`, or by method. */
  readonly instead = new Map<string, Substitute>();
  /** FDs that are open. */
  readonly open = new Set<string>();
  readonly #gates = new Map<string, Promise<void>>();
  #fds = 0;

  /** Makes the next calls of `method`, such as `stat /file` or for every path `stat`, wait until the function given is called. */
  hold(method: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gates.set(method, promise);
    return () => {
      this.#gates.delete(method);
      resolve();
    };
  }

  /** What a method does: notes, waits if it is held, and answers. */
  run<T>(method: string, path: string, detail: string, answer: () => Result<T>): MaybePromise<Result<T>> {
    const call = `${method} ${path}`;
    this.calls.push(detail === "" ? call : `${call} ${detail}`);
    const finish = (): MaybePromise<Result<T>> => (this.instead.get(call) ?? this.instead.get(method) ?? answer)();
    const gate = this.#gates.get(call) ?? this.#gates.get(method);
    if (gate === undefined) return finish();
    return gate.then(() => {
      this.calls.push(`end ${call}`);
      return finish();
    });
  }

  opened(kind: string, path: string): string {
    const label = `${kind} ${path} #${++this.#fds}`;
    this.open.add(label);
    return label;
  }

  closed(label: string): void {
    if (!this.open.delete(label)) throw new Error(`${label} was closed twice`);
    this.calls.push(`close ${label.slice(0, label.lastIndexOf(" "))}`);
  }
}

export class ScriptedConnection implements ConnectionImpl {
  readonly supportedMessages: readonly MessageName[];
  readonly messageBytesMax: number;
  readonly #script: Script;

  constructor(
    script: Script,
    {
      unsupported = [],
      messageBytesMax = payloadBytesMax,
    }: { readonly unsupported?: readonly MessageName[]; readonly messageBytesMax?: number } = {},
  ) {
    this.#script = script;
    this.supportedMessages = messageNames.filter((name) => name !== "error" && !unsupported.includes(name));
    this.messageBytesMax = messageBytesMax;
  }

  mount(node: Node): MaybePromise<Result<Mounted>> {
    return this.#script.run("mount", node.path(), "", () => {
      const mode = this.#script.modes.get(node.path()) ?? S_IFDIR;
      const fd = new ScriptedControlFd(this.#script, node.acquire(), mode);
      return { found: { fd, stat: statOfMode(mode) }, gift: undefined };
    });
  }
}

class ScriptedControlFd extends ControlFd {
  readonly #script: Script;
  readonly #label: string;
  readonly #mode: number;

  constructor(script: Script, node: Node, mode: number) {
    super(node, mode);
    this.#script = script;
    this.#mode = mode;
    this.#label = script.opened("control", node.path());
  }

  protected override close(): void {
    this.#script.closed(this.#label);
  }

  #run<T>(method: string, detail: string, answer: () => Result<T>): MaybePromise<Result<T>> {
    return this.#script.run(method, this.node.path(), detail, answer);
  }

  #pathOf(name: ByteString): string {
    const path = this.node.path();
    return path === "/" ? `/${name}` : `${path}/${name}`;
  }

  #found(name: ByteString, mode: number): Found {
    return { fd: new ScriptedControlFd(this.#script, this.node.acquireChild(name), mode), stat: statOfMode(mode) };
  }

  override stat(): MaybePromise<Result<Statx>> {
    return this.#run("stat", "", () => statOfMode(this.#mode));
  }

  override setStat({ mask }: RequestOf<"setStat">): MaybePromise<ReplyOf<"setStat">> {
    const answered = this.#run("setStat", "", () => ({ failureMask: mask, failureErrno: Errno.EPERM }));
    return answered as MaybePromise<ReplyOf<"setStat">>;
  }

  override walk(name: ByteString): MaybePromise<Result<Found>> {
    return this.#run("walk", name, () => {
      const mode = this.#script.modes.get(this.#pathOf(name));
      return mode === undefined ? fail(Errno.ENOENT) : this.#found(name, mode);
    });
  }

  override walkStat(path: readonly ByteString[]): MaybePromise<Result<readonly Statx[]>> {
    return this.#run("walkStat", path.join("/"), () => path.map(() => statOfMode(S_IFREG)));
  }

  override open(flags: number): MaybePromise<Result<Opened>> {
    return this.#run("open", `${flags}`, () => ({
      fd: new ScriptedOpenFd(this.#script, this, flags),
      gift: undefined,
    }));
  }

  override openCreate(
    name: ByteString,
    { mode }: Creation,
    flags: number,
  ): MaybePromise<Result<{ readonly found: Found; readonly opened: Opened }>> {
    return this.#run("openCreate", `${name} ${flags}`, () => {
      const found = this.#found(name, S_IFREG | mode);
      return { found, opened: { fd: new ScriptedOpenFd(this.#script, found.fd, flags), gift: undefined } };
    });
  }

  override mkdir(name: ByteString, { mode }: Creation): MaybePromise<Result<Found>> {
    return this.#run("mkdir", name, () => this.#found(name, S_IFDIR | mode));
  }

  override mknod(name: ByteString, { mode }: Creation, minor: number, major: number): MaybePromise<Result<Found>> {
    return this.#run("mknod", `${name} ${minor} ${major}`, () => this.#found(name, mode));
  }

  override symlink(name: ByteString, linkTarget: ByteString): MaybePromise<Result<Found>> {
    return this.#run("symlink", `${name} ${linkTarget}`, () => this.#found(name, S_IFMT & 0o120000));
  }

  override link(directory: ControlFd, name: ByteString): MaybePromise<Result<Found>> {
    if (!(directory instanceof ScriptedControlFd)) throw new TypeError("a control FD of another backend");
    return this.#run("link", `${directory.node.path()} ${name}`, () => directory.#found(name, this.#mode));
  }

  override unlink(name: ByteString, flags: number): MaybePromise<Result<void>> {
    return this.#run("unlink", `${name} ${flags}`, () => undefined);
  }

  override rename(
    oldName: ByteString,
    newDirectory: ControlFd,
    newName: ByteString,
    flags: number,
  ): MaybePromise<Result<void>> {
    return this.#run("rename", `${oldName} ${newDirectory.node.path()} ${newName} ${flags}`, () => undefined);
  }

  override statFs(): MaybePromise<Result<StatFs>> {
    return this.#run("statFs", "", () => ({
      type: 1,
      blockSize: 2,
      blocks: 3,
      blocksFree: 4,
      blocksAvailable: 5,
      files: 6,
      filesFree: 7,
      nameLength: 8,
    }));
  }

  override readLink(bodyAt: number, bodyBytesMax: number): MaybePromise<Result<number>> {
    return this.#run("readLink", `${bodyBytesMax}`, () => memory.buffer.write("target", bodyAt, "latin1"));
  }

  override getXattr(name: ByteString, size: number, bodyAt: number): MaybePromise<Result<number>> {
    return this.#run("getXattr", `${name} ${size}`, () => memory.buffer.write("value", bodyAt, "latin1"));
  }

  override setXattr(name: ByteString, value: Uint8Array, flags: number): MaybePromise<Result<void>> {
    return this.#run("setXattr", `${name} ${Buffer.from(value).toString("latin1")} ${flags}`, () => undefined);
  }

  override listXattrs(size: U64): MaybePromise<Result<readonly ByteString[]>> {
    return this.#run("listXattrs", `${size}`, () => ["user.one", "user.two"] as ByteString[]);
  }

  override removeXattr(name: ByteString): MaybePromise<Result<void>> {
    return this.#run("removeXattr", name, () => undefined);
  }

  override connect(socketType: number): MaybePromise<Result<HostFd>> {
    return this.#run("connect", `${socketType}`, () => fail(Errno.ENXIO));
  }

  override connectAs(socketType: number, uid: number, gid: number): MaybePromise<Result<HostFd>> {
    return this.#run("connectAs", `${socketType} ${uid} ${gid}`, () => fail(Errno.ENXIO));
  }

  override bind(name: ByteString, _creation: Creation, socketType: number): ReturnType<ControlFd["bind"]> {
    return this.#run("bind", `${name} ${socketType}`, () => {
      const found = this.#found(name, 0o140000);
      const boundSocket = new ScriptedBoundSocketFd(this.#script, found.fd);
      return { found, boundSocket, gift: { fd: 0 as HostFd, donated: false } };
    });
  }
}

class ScriptedOpenFd extends OpenFd {
  readonly #script: Script;
  readonly #label: string;

  constructor(script: Script, controlFd: ControlFd, flags: number) {
    super(controlFd, flags);
    this.#script = script;
    this.#label = script.opened("open", controlFd.node.path());
  }

  protected override close(): void {
    this.#script.closed(this.#label);
  }

  #run<T>(method: string, detail: string, answer: () => Result<T>): MaybePromise<Result<T>> {
    return this.#script.run(method, this.controlFd.node.path(), detail, answer);
  }

  override stat(): MaybePromise<Result<Statx>> {
    return this.#run("statOpen", "", () => statOfMode(S_IFREG));
  }

  override sync(): MaybePromise<Result<void>> {
    return this.#run("sync", "", () => undefined);
  }

  override write({ at, length }: Span, offset: U64): MaybePromise<Result<number>> {
    const text = (): string => memory.buffer.toString("latin1", at, at + length);
    return this.#run("write", `${offset} ${text()}`, () => length);
  }

  override read(bodyAt: number, count: number, offset: U64): MaybePromise<Result<number>> {
    return this.#run("read", `${count} ${offset}`, () => memory.buffer.write("data".slice(0, count), bodyAt, "latin1"));
  }

  override allocate(mode: U64, offset: U64, length: U64): MaybePromise<Result<void>> {
    return this.#run("allocate", `${mode} ${offset} ${length}`, () => undefined);
  }

  override flush(): MaybePromise<Result<void>> {
    return this.#run("flush", "", () => undefined);
  }

  override readDirectory(_writer: DirentWriter, count: number, rewind: boolean): MaybePromise<Result<void>> {
    return this.#run("readDirectory", `${count} ${rewind}`, () => undefined);
  }
}

class ScriptedBoundSocketFd extends BoundSocketFd {
  readonly #script: Script;
  readonly #label: string;

  constructor(script: Script, controlFd: ControlFd) {
    super(controlFd);
    this.#script = script;
    this.#label = script.opened("boundSocket", controlFd.node.path());
  }

  protected override close(): void {
    this.#script.closed(this.#label);
  }

  override listen(backlog: number): MaybePromise<Result<void>> {
    return this.#script.run("listen", this.controlFd.node.path(), `${backlog}`, () => undefined);
  }

  override accept(): MaybePromise<Result<{ readonly hostFd: HostFd; readonly peerAddress: ByteString }>> {
    return this.#script.run("accept", this.controlFd.node.path(), "", () => fail(Errno.EAGAIN));
  }
}
