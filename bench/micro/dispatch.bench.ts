// Whole requests in one process: `bun bench/micro/dispatch.bench.ts`. The client's and the server's work, the socket
// between them and the system calls of the host backend all count. What a request costs beyond its system calls is the
// difference between it and the sum of a request that dispatch refuses at once and the bare calls; it should be some
// hundred nanoseconds at most.

import { closeSync, openSync, writeFileSync } from "node:fs";
import { bench, do_not_optimize as keep } from "mitata";
import { allocateStaticMemory } from "../../ffi/arena.ts";
import { byteStringOf } from "../../ffi/byte-string.ts";
import { readInto, statInto, statxScratch } from "../../ffi/files.ts";
import { assumeOpen } from "../../ffi/host-fd.ts";
import { HostServer } from "../../test/unit/support/host-server.ts";
import { runBenchmarks } from "./support/run-benchmarks.ts";

const fileName = "file";
const blockBytes = 4096;

using server = new HostServer();
const { client, root } = server;
writeFileSync(server.path(fileName), Buffer.alloc(blockBytes, 1));
const fd = server.walk(fileName);
const openFd = server.open(fileName, 0);
const path = [byteStringOf(fileName)];
const bare = assumeOpen(openSync(server.path(fileName), "r"));
const block = allocateStaticMemory(blockBytes);

bench("statx(2) alone", () => keep(statInto(bare, statxScratch)));
bench("pread(2) of 4 KiB alone", () => keep(readInto(bare, block, blockBytes, 0)));
bench("request that is refused", () => keep(client.call("flush", { fd: openFd })));
bench("fStat", () => keep(client.expect("fStat", { fd })));
bench("pRead of 4 KiB", () => keep(client.expect("pRead", { offset: 0, fd: openFd, count: blockBytes })));
bench("walkStat of 1", () => keep(client.expect("walkStat", { dirFd: root, path })));
bench("walk of 1, close", () => {
  const fds = client.expect("walk", { dirFd: root, path }).inodes.map(({ controlFd }) => controlFd);
  client.expect("close", { fds });
});

await runBenchmarks();
closeSync(bare);
