import { closeSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { Failure } from "../../../ffi/errno.ts";
import type { HostFd } from "../../../ffi/host-fd.ts";
import { createSocketPair } from "../../../ffi/sockets.ts";
import { waitUntilReadable } from "../../../ffi/waiting.ts";

/** How long the gofer may take for any one thing before a test gives it up. */
export const patienceMillis = 10_000;

/** Two connected sockets of this type: ours, and one to pass on. The caller owns both. */
export function socketPair(type: number): readonly [ours: HostFd, theirs: HostFd] {
  const pair = createSocketPair(type);
  if (pair instanceof Failure) throw new Error(`socketpair: ${pair}`);
  return pair;
}

/** Everything that is written to the other end until it is closed. Throws when that does not come to pass. */
export function readToEnd(descriptor: HostFd): string {
  const chunks: Buffer[] = [];
  for (;;) {
    if (!waitUntilReadable(descriptor, patienceMillis)) throw new Error("the gofer does not close its end");
    const chunk = Buffer.alloc(4096);
    const count = readSync(descriptor, chunk);
    if (count === 0) return Buffer.concat(chunks).toString();
    chunks.push(chunk.subarray(0, count));
  }
}

/** Sockets and files below `directory` that this process has open, by what they are. */
export function openDescriptors(directory: string): string[] {
  const targets: string[] = [];
  for (const name of readdirSync("/proc/self/fd")) {
    try {
      const target = readlinkSync(`/proc/self/fd/${name}`);
      if (target.startsWith("socket:") || target.startsWith(`${directory}/`)) targets.push(target);
    } catch {
      // The descriptor that the directory was read with.
    }
  }
  return targets;
}

export function closeAll(descriptors: Iterable<number>): void {
  for (const descriptor of descriptors) closeSync(descriptor);
}
