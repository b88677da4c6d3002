// The table of a connection's descriptors: `bun bench/micro/fd-table.bench.ts`. Looking one up should cost a few
// nanoseconds, however many there are.

import { bench, do_not_optimize as keep, summary } from "mitata";
import { FdTable } from "../../src/server/fd-table.ts";
import type { AnyFd } from "../../src/server/fds.ts";
import { Tree } from "../../src/server/tree.ts";
import type { FdId } from "../../src/wire/integers.ts";
import { Script, ScriptedConnection } from "../../test/unit/support/scripted-backend.ts";
import { runBenchmarks } from "./support/run-benchmarks.ts";

const sizes = [10, 15_000];
/** Steps through the descriptors in an order that no cache foresees. */
const stride = 7919;

const fd = someFd();
for (const size of sizes) {
  const table = new FdTable();
  const ids = Array.from({ length: size }, () => table.insert(fd.acquire()));
  const map = new Map<FdId, AnyFd>(ids.map((id) => [id, fd]));
  let next = 0;
  const nextId = (): FdId => {
    next = (next + stride) % size;
    return ids[next] as FdId;
  };
  summary(() => {
    bench(`look up one of ${size}`, () => keep(table.lookUp(nextId())));
    bench(`look up one of ${size} in a Map`, () => keep(map.get(nextId())));
  });
  bench(`insert and close beside ${size}`, () => table.close(table.insert(fd.acquire())));
}

await runBenchmarks();

/** Any descriptor will do: the table holds references. */
function someFd(): AnyFd {
  const mounted = new ScriptedConnection(new Script()).mount(new Tree().root);
  if (!("found" in mounted)) throw new Error("the scripted backend answers at once");
  return mounted.found.fd;
}
