import { describe, expect, test } from "bun:test";
import type { ByteString } from "../../../ffi/byte-string.ts";
import { Node } from "../../../src/server/node.ts";

function named(name: string): ByteString {
  return name as ByteString;
}

/** The nodes along a path; the caller owns a reference to each. */
function chain(root: Node, ...names: readonly string[]): Node[] {
  const nodes: Node[] = [];
  let node = root;
  for (const name of names) {
    node = node.acquireChild(named(name));
    nodes.push(node);
  }
  return nodes;
}

function last(nodes: readonly Node[]): Node {
  const node = nodes.at(-1);
  if (node === undefined) throw new Error("no node");
  return node;
}

describe("a node", () => {
  test("is the same for everyone at its position", () => {
    const root = Node.createRoot();
    const first = root.acquireChild(named("a"));
    expect(root.acquireChild(named("a"))).toBe(first);
    expect(root.acquireChild(named("b"))).not.toBe(first);
  });

  test("knows its path, its name and its parent", () => {
    const root = Node.createRoot();
    const [a, b] = chain(root, "a", "b\xff");
    expect(root.path()).toBe(named("/"));
    expect([a?.path(), b?.path()]).toEqual([named("/a"), named("/a/b\xff")]);
    expect([b?.name, b?.parent, root.parent, root.name]).toEqual([named("b\xff"), a, undefined, named("")]);
  });

  test("goes with its last reference, and then its parent with its own", () => {
    const root = Node.createRoot();
    const [a, b] = chain(root, "a", "b");
    b?.acquire();
    a?.release();
    b?.release();
    expect(root.child(named("a"))).toBe(a);
    expect(a?.child(named("b"))).toBe(b);
    b?.release();
    expect(a?.child(named("b"))).toBeUndefined();
    expect(root.child(named("a"))).toBeUndefined();
  });

  test("gives way to a new one at its position once it is gone", () => {
    const root = Node.createRoot();
    const first = root.acquireChild(named("a"));
    first.release();
    expect(root.acquireChild(named("a"))).not.toBe(first);
  });
});

describe("removeChild()", () => {
  test("marks the node and all below it as deleted, and leaves the position to others", () => {
    const root = Node.createRoot();
    const [a, b, c] = chain(root, "a", "b", "c");
    const [beside] = chain(root, "beside");
    root.removeChild(named("a"));
    expect([a, b, c, beside, root].map((node) => node?.isDeleted)).toEqual([true, true, true, false, false]);
    const successor = root.acquireChild(named("a"));
    expect(successor).not.toBe(a);
    expect(successor.isDeleted).toBe(false);
  });

  test("does nothing where there is no node", () => {
    const root = Node.createRoot();
    root.removeChild(named("a"));
    expect(root.child(named("a"))).toBeUndefined();
  });

  test("leaves a successor alone when the removed node goes", () => {
    const root = Node.createRoot();
    const first = root.acquireChild(named("a"));
    root.removeChild(named("a"));
    const successor = root.acquireChild(named("a"));
    first.release();
    expect(root.child(named("a"))).toBe(successor);
  });
});

describe("moveChild()", () => {
  test("takes a node and all below it along", () => {
    const root = Node.createRoot();
    const nodes = chain(root, "a", "b", "c");
    const [target] = chain(root, "target");
    root.moveChild(named("a"), target as Node, named("new"), false);
    expect(last(nodes).path()).toBe(named("/target/new/b/c"));
    expect(root.child(named("a"))).toBeUndefined();
    expect(target?.child(named("new"))).toBe(nodes[0]);
  });

  test("renames within a directory", () => {
    const root = Node.createRoot();
    const [a] = chain(root, "a");
    root.moveChild(named("a"), root, named("b"), false);
    expect([a?.path(), root.child(named("b")), root.child(named("a"))]).toEqual([named("/b"), a, undefined]);
  });

  test("marks what it replaces, with all below it, as deleted", () => {
    const root = Node.createRoot();
    const [a] = chain(root, "a");
    const [b, below] = chain(root, "b", "below");
    root.moveChild(named("a"), root, named("b"), false);
    expect([a, b, below].map((node) => node?.isDeleted)).toEqual([false, true, true]);
    expect(root.child(named("b"))).toBe(a);
  });

  test("replaces also where nobody has the old name open", () => {
    const root = Node.createRoot();
    const [b] = chain(root, "b");
    root.moveChild(named("a"), root, named("b"), false);
    expect([b?.isDeleted, root.child(named("b"))]).toEqual([true, undefined]);
  });

  test("exchanges two nodes", () => {
    const root = Node.createRoot();
    const [left, a] = chain(root, "left", "a");
    const [right, b] = chain(root, "right", "b");
    left?.moveChild(named("a"), right as Node, named("b"), true);
    expect([a?.path(), b?.path()]).toEqual([named("/right/b"), named("/left/a")]);
    expect([a?.isDeleted, b?.isDeleted]).toEqual([false, false]);
  });

  test("exchanges with a position where nobody has anything open", () => {
    const root = Node.createRoot();
    const [b] = chain(root, "b");
    root.moveChild(named("a"), root, named("b"), true);
    expect([b?.path(), b?.isDeleted, root.child(named("b"))]).toEqual([named("/a"), false, undefined]);
  });

  test("moves the reference to the parent along", () => {
    const root = Node.createRoot();
    const [from, a] = chain(root, "from", "a");
    const [to] = chain(root, "to");
    from?.moveChild(named("a"), to as Node, named("a"), false);
    from?.release();
    expect(root.child(named("from"))).toBeUndefined();
    to?.release();
    expect(root.child(named("to"))).toBe(to);
    a?.release();
    expect(root.child(named("to"))).toBeUndefined();
  });
});
