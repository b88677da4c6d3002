// Locks: `bun bench/micro/locks.bench.ts`. A free lock should cost a few nanoseconds and no allocation.

import { bench, do_not_optimize as keep } from "mitata";
import { byteStringOf } from "../../ffi/byte-string.ts";
import { RwLock } from "../../src/server/rw-lock.ts";
import { Tree } from "../../src/server/tree.ts";
import { runBenchmarks } from "./support/run-benchmarks.ts";

const lock = new RwLock();
for (const mode of ["read", "write"] as const) {
  bench(`free lock, ${mode}`, () => {
    keep(lock.tryLock(mode));
    lock.unlock(mode);
  });
}

bench("lock with one who waits", async () => {
  keep(lock.tryLock("write"));
  const granted = lock.lock("write");
  lock.unlock("write");
  await granted;
  lock.unlock("write");
});

const tree = new Tree();
const node = tree.root.acquireChild(byteStringOf("directory"));
for (const kind of ["none", "read", "write", "global"] as const) {
  bench(`guarantee of a request, ${kind}`, () => {
    keep(tree.tryHold(kind, node));
    tree.letGo(kind, node);
  });
}

const name = byteStringOf("file");
bench("node of an entry, made and released", () => node.acquireChild(name).release());
const kept = node.acquireChild(name);
bench("node of an entry, there already", () => node.acquireChild(name).release());

await runBenchmarks();
kept.release();
node.release();
