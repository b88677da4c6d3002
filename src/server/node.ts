import type { ByteString } from "../../ffi/byte-string.ts";
import { RwLock } from "./rw-lock.ts";

/**
 * A position in the file system tree, shared by all control FDs opened there, whichever connection they belong to. A server has
 * one node for a position, so that the lock of the node is the lock of the position.
 *
 * Each control FD holds a reference to its node, and each node one to its parent; a node goes with its last reference.
 */
export class Node {
  /**
   * What is at this position: held for reading while it is looked at or walked through, for writing while it, or an entry right
   * below it, is changed or removed.
   */
  readonly lock = new RwLock();
  #name: ByteString;
  #parent: Node | undefined;
  #children: Map<ByteString, Node> | undefined;
  #references = 1;
  #deleted = false;

  private constructor(name: ByteString, parent: Node | undefined) {
    this.#name = name;
    this.#parent = parent;
  }

  /** The root of a tree. The caller owns the one reference. */
  static createRoot(): Node {
    return new Node("" as ByteString, undefined);
  }

  /** The node of the entry `name`, made when there is none. The caller owns a reference. */
  acquireChild(name: ByteString): Node {
    const known = this.child(name);
    if (known !== undefined) {
      known.#references++;
      return known;
    }
    const child = new Node(name, this);
    this.#references++;
    this.#attach(child);
    return child;
  }

  /** The node of the entry `name`, if there is one; borrowed. */
  child(name: ByteString): Node | undefined {
    return this.#children?.get(name);
  }

  /** Takes one more reference for the caller. */
  acquire(): this {
    this.#references++;
    return this;
  }

  /** Gives a reference back. */
  release(): void {
    if (--this.#references > 0) return;
    const parent = this.#parent;
    if (parent === undefined) return;
    parent.#detach(this);
    parent.release();
  }

  /** Whether the file was removed. The position may hold something else by now, so no path leads to it any more. */
  get isDeleted(): boolean {
    return this.#deleted;
  }

  /** Says that the entry `name` is gone, with all below it. */
  removeChild(name: ByteString): void {
    const child = this.child(name);
    if (child === undefined) return;
    this.#detach(child);
    child.#markDeleted();
  }

  /**
   * Says that entry `oldName` here is now `newName` in `newParent`. What stood there is gone, or, when `exchanged`, here under the
   * old name.
   */
  moveChild(oldName: ByteString, newParent: Node, newName: ByteString, exchanged: boolean): void {
    const replaced = newParent.child(newName);
    const moved = this.child(oldName);
    if (replaced !== undefined) newParent.#detach(replaced);
    if (moved !== undefined) this.#detach(moved);
    if (replaced !== undefined) {
      if (exchanged) replaced.#moveTo(this, oldName);
      else replaced.#markDeleted();
    }
    if (moved !== undefined) moved.#moveTo(newParent, newName);
  }

  /** How many nodes there are from this one on downwards; looks at each. */
  count(): number {
    const toVisit: Node[] = [this];
    let count = 0;
    for (let node = toVisit.pop(); node !== undefined; node = toVisit.pop()) {
      count++;
      for (const child of node.#children?.values() ?? []) toVisit.push(child);
    }
    return count;
  }

  /** The absolute path from the root of the tree. Holds no symbolic link, since only directories are walked through. */
  path(): ByteString {
    const names: ByteString[] = [];
    for (let node: Node = this; node.#parent !== undefined; node = node.#parent) names.push(node.#name);
    return `/${names.reverse().join("/")}` as ByteString;
  }

  /** The name in the parent directory; empty for the root. */
  get name(): ByteString {
    return this.#name;
  }

  /** The node of the parent directory; undefined for the root. */
  get parent(): Node | undefined {
    return this.#parent;
  }

  #attach(child: Node): void {
    this.#children ??= new Map();
    this.#children.set(child.#name, child);
  }

  /** By identity: a node that was replaced must not take its successor out. */
  #detach(child: Node): void {
    if (this.child(child.#name) === child) this.#children?.delete(child.#name);
  }

  /**
   * Where the new parent is below this node the tree is out of date: somebody else, perhaps by another mount, has moved the parent
   * away on the host. Nobody knows the way to this node then, and a ring of nodes would have no end.
   */
  #moveTo(parent: Node, name: ByteString): void {
    if (parent.#isAtOrBelow(this)) {
      this.#markDeleted();
      return;
    }
    const before = this.#parent;
    this.#parent = parent.acquire();
    this.#name = name;
    parent.#attach(this);
    before?.release();
  }

  #isAtOrBelow(ancestor: Node): boolean {
    for (let node: Node | undefined = this; node !== undefined; node = node.#parent) {
      if (node === ancestor) return true;
    }
    return false;
  }

  #markDeleted(): void {
    this.#deleted = true;
    for (const child of this.#children?.values() ?? []) child.#markDeleted();
  }
}
