// What calling the kernel costs: `bun bench/micro/foreign-calls.bench.ts`. A call should cost tens of nanoseconds on top
// of the system call itself, which getpid(2), the emptiest, stands for.

import { closeSync, fstatSync, openSync, readSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bench, do_not_optimize as keep, summary } from "mitata";
import { allocateStaticMemory, memory } from "../../ffi/arena.ts";
import { readInto, statInto, statxScratch } from "../../ffi/files.ts";
import { assumeOpen } from "../../ffi/host-fd.ts";
import { syscalls } from "../../ffi/syscalls.ts";
import { wakeFutex } from "../../ffi/waiting.ts";
import { runBenchmarks } from "./support/run-benchmarks.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";

const blockBytes = 4096;
const block = allocateStaticMemory(blockBytes);
using directory = temporaryDirectory(tmpdir());
const path = join(directory.path, "file");
writeFileSync(path, Buffer.alloc(blockBytes, 1));
const file = assumeOpen(openSync(path, "r"));

bench("getpid(2)", () => keep(syscalls.getpid()));
bench("futex(2), wake with nobody waiting", () => wakeFutex(block, 1));

summary(() => {
  bench("statx(2) into the arena", () => keep(statInto(file, statxScratch)));
  bench("fstatSync() of node:fs", () => keep(fstatSync(file)));
});

const buffer = Buffer.alloc(blockBytes);
summary(() => {
  bench("pread(2) of 4 KiB into the arena", () => keep(readInto(file, block, blockBytes, 0)));
  bench("readSync() of 4 KiB of node:fs", () => keep(readSync(file, buffer, 0, blockBytes, 0)));
});

summary(() => {
  bench("Atomics.load of a word of the arena", () => keep(Atomics.load(memory.i32, block >> 2)));
  bench("plain load of a word of the arena", () => keep(memory.view.getInt32(block, true)));
});

await runBenchmarks();
closeSync(file);
