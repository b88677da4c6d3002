import type { ByteString } from "../../ffi/byte-string.ts";
import { Failure, type Result } from "../../ffi/errno.ts";
import { openAt, openWithoutSymlinks } from "../../ffi/files.ts";
import { type HostFd, workingDirectory } from "../../ffi/host-fd.ts";
import { O_CLOEXEC, O_DIRECTORY, O_RDONLY } from "../../ffi/linux.ts";
import type { ConnectionImpl, ConnectionOptions, Mounted } from "../server/connection-impl.ts";
import type { Node } from "../server/node.ts";
import { payloadBytesMax } from "../wire/limits.ts";
import { type MessageName, messageNames } from "../wire/messages.ts";
import type { HostConfig } from "./config.ts";
import { HostControlFd } from "./control-fd.ts";
import { openForControl } from "./files.ts";
import { RejectionLog } from "./rejections.ts";

/** Replies only, and what the stock gofer does not serve either. */
const unsupportedMessages: ReadonlySet<MessageName> = new Set(["error", "flush"]);

/** Opens the directory that HostConfig.procSelfFd wants; the caller owns it. */
export function openProcSelfFd(path: ByteString): Result<HostFd> {
  return openAt(workingDirectory, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/** How the server treats connections to the host's file system. */
export function hostConnectionOptions(readonly: boolean): ConnectionOptions {
  return {
    readonly,
    walkStatSupported: true,
    setAttrOnDeleted: true,
    allocateOnDeleted: true,
    openOnDeleted: true,
  };
}

/** The stock backend: the files of the host below the mount point. Serves any number of connections. */
export class HostConnection implements ConnectionImpl {
  readonly supportedMessages = messageNames.filter((name) => !unsupportedMessages.has(name));
  readonly messageBytesMax = payloadBytesMax;
  readonly #config: HostConfig;
  readonly #rejections: RejectionLog;

  constructor(config: HostConfig) {
    this.#config = config;
    this.#rejections = new RejectionLog(config.log);
  }

  mount(node: Node): Result<Mounted> {
    // The path was free of links when the mounts were made; a Mount that comes later must not follow one either.
    const opened = openForControl(workingDirectory, node.path(), 0, openWithoutSymlinks);
    if (opened instanceof Failure) return opened;
    const owner = { config: this.#config, rejections: this.#rejections };
    const { donateMountPoint } = this.#config;
    const fd = new HostControlFd(owner, node.acquire(), opened, donateMountPoint);
    const gift = donateMountPoint ? { fd: opened.fd, donated: false } : undefined;
    return { found: { fd, stat: opened.stat }, gift };
  }
}
