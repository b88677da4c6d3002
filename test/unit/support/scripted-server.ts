import { byteStringOf } from "../../../ffi/byte-string.ts";
import type { ConnectionOptions } from "../../../src/server/connection-impl.ts";
import type { RequestProfile } from "../../../src/server/request-profile.ts";
import { Server } from "../../../src/server/server.ts";
import type { FdId } from "../../../src/wire/integers.ts";
import type { MessageName } from "../../../src/wire/messages.ts";
import { calls, counts } from "./calls.ts";
import { streamPair, TestClient } from "./client.ts";
import { RecordingLog } from "./host-server.ts";
import { Script, ScriptedConnection } from "./scripted-backend.ts";

export interface ScriptedOptions extends Partial<ConnectionOptions> {
  readonly unsupported?: readonly MessageName[];
  readonly messageBytesMax?: number;
  /** For the first client's options only: whether the server logs all messages. */
  readonly trace?: boolean;
  /** Likewise: what the server notes its time in. */
  readonly profile?: RequestProfile;
}

const defaultOptions: ConnectionOptions = {
  readonly: false,
  walkStatSupported: true,
  setAttrOnDeleted: true,
  allocateOnDeleted: true,
  openOnDeleted: true,
};

/**
 * A server in this process with a scripted backend, and clients of it. Disposing of it checks that every FD of the backend has been
 * closed.
 */
export class ScriptedServer implements Disposable {
  readonly script = new Script();
  readonly log = new RecordingLog();
  readonly server: Server;
  readonly client: TestClient;
  readonly #clients: TestClient[] = [];

  constructor(options: ScriptedOptions = {}) {
    this.server = new Server(this.log, calls, counts, { trace: options.trace ?? false, profile: options.profile });
    this.client = this.connect("/", options);
  }

  /** One more client, mounted at `path`. */
  connect(path = "/", options: ScriptedOptions = {}): TestClient {
    const [ours, theirs] = streamPair();
    const impl = new ScriptedConnection(this.script, options);
    this.server.addConnection(ours, byteStringOf(path), { ...defaultOptions, ...options }, impl);
    const client = new TestClient(theirs, () => this.server.turn());
    this.#clients.push(client);
    return client;
  }

  /** Mounts, and forgets that in the script. */
  mount(client = this.client): FdId {
    const { controlFd } = client.expect("mount", undefined).root;
    this.script.calls.length = 0;
    return controlFd;
  }

  /** Lets the backend have files of these modes, walks to the last of them, and forgets that in the script. */
  walk(client: TestClient, directory: FdId, names: readonly string[], mode: number): FdId {
    for (let depth = 1; depth <= names.length; depth++) {
      const path = `/${names.slice(0, depth).join("/")}`;
      if (!this.script.modes.has(path)) this.script.modes.set(path, depth === names.length ? mode : 0o040755);
    }
    const { inodes } = client.expect("walk", { dirFd: directory, path: names.map(byteStringOf) });
    const last = inodes.at(-1);
    if (last === undefined || inodes.length !== names.length) throw new Error(`cannot walk to ${names.join("/")}`);
    this.script.calls.length = 0;
    return last.controlFd;
  }

  /** Lets promises that are settled take effect, and the server turn. */
  async settle(): Promise<void> {
    for (let turns = 0; turns < 3; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
      this.server.turn();
    }
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients) client[Symbol.dispose]();
    this.server.turn();
    this.server[Symbol.dispose]();
    if (this.script.open.size > 0) throw new Error(`left open: ${[...this.script.open].join(", ")}`);
  }
}
