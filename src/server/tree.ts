import type { LockKind } from "../wire/message.ts";
import { Node } from "./node.ts";
import { RwLock } from "./rw-lock.ts";

/**
 * The one tree of a server, with the locks that give operations their guarantees. Locks are taken in this order: the rename lock,
 * then nodes from the root downwards.
 */
export class Tree {
  readonly root = Node.createRoot();
  /** Held for reading by whatever relies on names and parents, for writing by renames. */
  readonly renameLock = new RwLock();

  /** Takes what `kind` needs on `node` if that needs no waiting. */
  tryHold(kind: LockKind, node: Node): boolean {
    if (kind === "none") return true;
    if (kind === "global") return this.renameLock.tryLock("write");
    if (!this.renameLock.tryLock("read")) return false;
    if (node.lock.tryLock(kind)) return true;
    this.renameLock.unlock("read");
    return false;
  }

  /** As tryHold(), waiting as long as it takes; queues at once for what is taken, so that nobody who comes later is first. */
  async hold(kind: LockKind, node: Node): Promise<void> {
    if (kind === "none") return;
    const renameGranted = this.renameLock.lock(kind === "global" ? "write" : "read");
    if (renameGranted instanceof Promise) await renameGranted;
    if (kind === "global") return;
    const nodeGranted = node.lock.lock(kind);
    if (nodeGranted instanceof Promise) await nodeGranted;
  }

  /** Gives back what tryHold() or hold() took. */
  letGo(kind: LockKind, node: Node): void {
    if (kind === "none") return;
    if (kind !== "global") node.lock.unlock(kind);
    this.renameLock.unlock(kind === "global" ? "write" : "read");
  }
}
