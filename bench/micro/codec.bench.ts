// Codecs of the wire layer: `bun bench/micro/codec.bench.ts`. The hot requests should cost tens of nanoseconds, a Statx
// under 100 each way.

import { bench, do_not_optimize as keep, summary } from "mitata";
import { type ByteString, byteStringOf } from "../../ffi/byte-string.ts";
import type { Memory } from "../../ffi/memory.ts";
import { pad, struct } from "../../src/wire/composite.ts";
import { DirentWriter } from "../../src/wire/dirent.ts";
import { type FdId, i64, u16, u32, u64 } from "../../src/wire/integers.ts";
import {
  decodeReply,
  decodeRequest,
  encodeReply,
  encodeRequest,
  type MessageDefinition,
  namesAreSafe,
} from "../../src/wire/message.ts";
import { messages } from "../../src/wire/messages.ts";
import { type Statx, statx } from "../../src/wire/statx.ts";
import { byteString } from "../../src/wire/strings.ts";
import { traceRequest } from "../../src/wire/trace.ts";
import { runBenchmarks } from "./support/run-benchmarks.ts";

const capacity = 2 ** 16;
const memory = memoryOf(capacity);
const name = byteStringOf("package.json");
const fd = 7 as FdId;
const creation = { dirFd: fd, uid: 0, gid: 0, mode: 0o644, flags: 2 };

const attributes: Statx = {
  mask: 0xfff,
  blksize: 4096,
  attributes: 0,
  nlink: 1,
  uid: 1000,
  gid: 1000,
  mode: 0o100644,
  ino: 12_345_678_901,
  size: 9_876_543_210,
  blocks: 19_290_000,
  attributesMask: 0,
  atimeSec: 1_700_000_000,
  atimeNsec: 1,
  btimeSec: 1_700_000_000,
  btimeNsec: 2,
  ctimeSec: 1_700_000_000,
  ctimeNsec: 3,
  mtimeSec: 1_700_000_000,
  mtimeNsec: 4,
  rdevMajor: 0,
  rdevMinor: 0,
  devMajor: 8,
  devMinor: 1,
};

/** Statx as the generic struct() makes it: what the codec written by hand must beat. */
const genericStatx = struct({
  mask: u32,
  blksize: u32,
  attributes: u64,
  nlink: u32,
  uid: u32,
  gid: u32,
  mode: u16,
  padding: pad(2),
  ino: u64,
  size: u64,
  blocks: u64,
  attributesMask: u64,
  atimeSec: i64,
  atimeNsec: u32,
  atimePadding: pad(4),
  btimeSec: i64,
  btimeNsec: u32,
  btimePadding: pad(4),
  ctimeSec: i64,
  ctimeNsec: u32,
  ctimePadding: pad(4),
  mtimeSec: i64,
  mtimeNsec: u32,
  mtimePadding: pad(4),
  rdevMajor: u32,
  rdevMinor: u32,
  devMajor: u32,
  devMinor: u32,
});

statx.write(memory, 0, attributes);
summary(() => {
  bench("Statx decode, by hand", () => keep(statx.read(memory, 0)));
  bench("Statx decode, generic", () => keep(genericStatx.read(memory, 0)));
});
summary(() => {
  bench("Statx encode, by hand", () => statx.write(memory, 256, attributes));
  bench("Statx encode, generic", () => genericStatx.write(memory, 256, attributes));
});

summary(() => {
  for (const length of [1, 12, 20]) {
    const at = 1024;
    byteString.encode(memory, at, capacity, "n".repeat(length) as ByteString);
    bench(`name of ${length}, native`, () => keep(byteString.decode({ memory, at, end: capacity })));
    bench(`name of ${length}, loop`, () => keep(decodeByLoop(memory, at)));
  }
});

// One definition after the other, as dispatch sees them: no call site gets used to one.
benchDecode("fStat", messages.fStat, { fd });
benchDecode("pRead", messages.pRead, { offset: 4096, fd, count: 4096 });
benchDecode("pWrite", messages.pWrite, { offset: 4096, fd, data: { at: 20, length: 4096 } });
benchDecode("openAt", messages.openAt, { fd, flags: 0 });
benchDecode("openCreateAt", messages.openCreateAt, { ...creation, name });
benchDecode("walk of 1", messages.walk, { dirFd: fd, path: [name] });
benchDecode("walk of 8", messages.walk, { dirFd: fd, path: Array.from({ length: 8 }, () => name) });
benchDecode("close of 1", messages.close, { fds: [fd] });
benchDecode("renameAt2", messages.renameAt2, { oldDir: fd, newDir: fd, oldName: name, newName: name, flags: 0 });

const inode = { controlFd: fd, stat: attributes };
benchEncode("fStat", messages.fStat, attributes);
benchEncode("pRead", messages.pRead, { placed: 4096 });
benchEncode("pWrite", messages.pWrite, { count: 4096 });
benchEncode("walk of 1", messages.walk, { status: 0, inodes: [inode] });
benchEncode("walk of 8", messages.walk, { status: 0, inodes: Array.from({ length: 8 }, () => inode) });
benchEncode("error", messages.error, { errno: 2 });

bench("directory of 100 entries, written in place", () => {
  const writer = new DirentWriter(memory, 2, capacity - 1024);
  for (let entry = 0; entry < 100; entry++) {
    writer.append({
      ino: entry,
      devMinor: 1,
      devMajor: 8,
      offLow: entry,
      offHigh: 0x7fff_ffff,
      type: 8,
      nameAt: capacity - 1024,
      nameBytes: 12,
    });
  }
  keep(writer.reply);
});

const created = { ...creation, name };
bench("namesAreSafe, openCreateAt", () => keep(namesAreSafe(messages.openCreateAt, created)));
bench("trace line, openCreateAt", () => keep(traceRequest(messages.openCreateAt, created)));

await runBenchmarks();

function benchDecode<Request>(label: string, message: MessageDefinition<Request>, request: Request): void {
  const own = memoryOf(capacity);
  const length = encodeRequest(message, own, 0, capacity, request);
  if (decodeRequest(message, own, 0, length) === undefined) throw new Error(`${label} does not decode`);
  bench(`decode request: ${label}`, () => keep(decodeRequest(message, own, 0, length)));
}

function benchEncode<Reply>(label: string, message: MessageDefinition<unknown, Reply>, reply: Reply): void {
  const own = memoryOf(capacity);
  const length = encodeReply(message, own, 0, capacity, reply);
  if (decodeReply(message, own, 0, length) === undefined) throw new Error(`${label} does not decode`);
  bench(`encode reply: ${label}`, () => keep(encodeReply(message, own, 0, capacity, reply)));
}

function memoryOf(bytes: number): Memory {
  const buffer = new ArrayBuffer(bytes);
  return { u8: new Uint8Array(buffer), view: new DataView(buffer) };
}

function decodeByLoop({ u8, view }: Memory, at: number): string {
  const length = view.getUint16(at, true);
  let text = "";
  for (let index = 0; index < length; index++) text += String.fromCharCode(u8[at + 2 + index] ?? 0);
  return text;
}
