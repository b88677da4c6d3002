import type { SyscallRule } from "../../ffi/libseccomp.ts";
import type { ConnectionImpl, ConnectionOptions } from "../server/connection-impl.ts";
import type { MaybePromise } from "../server/maybe-promise.ts";

/** What an extension gets to see of a container's spec. */
export interface ContainerSpec {
  readonly root: { readonly path: string; readonly readonly: boolean };
  readonly annotations: ReadonlyMap<string, string>;
}

/** A mount of the container. The destination is where it really is in the container's root; the source is absolute. */
export interface ContainerMount {
  readonly destination: string;
  /** Empty when there is none. */
  readonly source: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** A mount that looks for an extension to serve it. */
export interface MountRequest {
  readonly spec: ContainerSpec;
  /** undefined for the container's root, which is none of the spec's mounts. */
  readonly mount: ContainerMount | undefined;
  /** From the container's root. */
  readonly mountPath: string;
  /** Whether the sandbox may not write, or keeps what it writes to itself. */
  readonly readonly: boolean;
}

/** What serves a mount, and how the server treats its connection. */
export interface Claim {
  readonly connection: ConnectionImpl;
  readonly options: ConnectionOptions;
}

/** Another backend than the host's file system. Source: Extension in runsc/fsgofer/extension/extension.go. */
export interface Extension {
  /** For messages. */
  readonly name: string;

  /**
   * Serves the mount, or declines it by undefined. The extensions are asked in the order of their registration, for one mount after
   * the other, when the process is in its final root and confined. A throw means that the mount is the extension's and cannot be
   * served: the gofer ends.
   */
  tryHandleMount(request: MountRequest): MaybePromise<Claim | undefined>;

  /** System calls it makes beyond those of the gofer. Nothing makes the filter allow new executable memory. */
  seccompRules?(): readonly SyscallRule[];
}
