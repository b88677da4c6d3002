import {
  blockLength,
  decodeRecord,
  encodeBlock,
  hasRecord,
  type LocatedRecord,
  recordHeaderBytes,
} from "./adoption-record.ts";
import * as elf from "./elf64.ts";
import { entryStub } from "./entry-stub.ts";
import { parseExecutable, type StaticExecutable } from "./executable.ts";
import { accept, type Outcome, refuse } from "./outcome.ts";
import { type AdoptionMethod, placements } from "./placement.ts";

/** What an adopted executable says about itself. */
export interface Adoption {
  readonly machine: elf.Machine;
  readonly method: AdoptionMethod;
  readonly goferPath: string;
}

export interface AdoptedExecutable extends Adoption {
  readonly bytes: Uint8Array;
}

/** Keeps the stub small; UTF-8, without the NUL at the end. */
export const goferPathBytesMax = 1024;

/** A relative jump on x86-64 reaches 2 GiB; the stub itself is far smaller than the difference. */
const entryDistanceMax = 2 ** 31 - 2 ** 20;

const entryField = { start: elf.fileHeader.entry, end: elf.fileHeader.programHeaderOffset };

/**
 * A copy of `original` that executes `goferPath` when its argv[0] is `runsc-gofer`, and else starts as before. Tries
 * `methods` in their order. Does not change `original`.
 */
export function adoptExecutable(
  original: Uint8Array,
  goferPath: string,
  methods: readonly AdoptionMethod[] = ["padding", "segment"],
): Outcome<AdoptedExecutable> {
  const pathFault = faultOfGoferPath(goferPath);
  if (pathFault !== undefined) {
    return refuse(pathFault);
  }
  const parsed = parseExecutable(original);
  if (!parsed.ok) {
    return parsed;
  }
  const executable = parsed.value;
  const stubOffset = entryOffset(executable);
  if (hasRecord(original, stubOffset)) {
    const path = decodeRecord(original, stubOffset)?.goferPath;
    return refuse(`already adopted${path === undefined ? "" : ` (its gofer is ${path})`}; undo that first`);
  }
  for (const method of methods) {
    const bytes = insertStub(original, executable, goferPath, method);
    if (bytes !== undefined) {
      return accept({ bytes, machine: executable.machine, method, goferPath });
    }
  }
  return refuse("no room for the entry stub: neither enough padding after its code nor a note segment to replace");
}

/** The byte-identical original of an adopted executable. */
export function undoAdoption(adopted: Uint8Array): Outcome<Uint8Array> {
  const located = locateRecord(adopted);
  if (!located.ok) {
    return located;
  }
  if (located.value === undefined) {
    return refuse("not adopted, so there is nothing to undo");
  }
  const { record } = located.value;
  // A constructor copies in every case; slice() of a Buffer would be a view of the caller's bytes.
  const original = new Uint8Array(adopted.subarray(0, record.originalBytes));
  original.fill(0, record.blockOffset, record.blockOffset + record.blockBytes);
  for (const { offset, bytes } of record.saved) {
    original.set(bytes, offset);
  }
  const digest = sha256(original);
  return digest.every((byte, index) => byte === record.originalDigest[index])
    ? accept(original)
    : refuse("changed after it was adopted: the original cannot be restored");
}

/** How an executable was adopted; undefined when it was not. */
export function readAdoption(bytes: Uint8Array): Outcome<Adoption | undefined> {
  const located = locateRecord(bytes);
  if (!located.ok || located.value === undefined) {
    return located.ok ? accept(undefined) : located;
  }
  const { executable, record } = located.value;
  const method = record.blockOffset < record.originalBytes ? "padding" : "segment";
  return accept({ machine: executable.machine, method, goferPath: record.goferPath });
}

function locateRecord(bytes: Uint8Array): Outcome<{ executable: StaticExecutable; record: LocatedRecord } | undefined> {
  const parsed = parseExecutable(bytes);
  if (!parsed.ok) {
    return parsed;
  }
  const stubOffset = entryOffset(parsed.value);
  if (!hasRecord(bytes, stubOffset)) {
    return accept(undefined);
  }
  const record = decodeRecord(bytes, stubOffset);
  return record === undefined
    ? refuse("adopted, but the record of how is damaged")
    : accept({ executable: parsed.value, record });
}

function faultOfGoferPath(path: string): string | undefined {
  if (!path.startsWith("/")) {
    return `the gofer's path must be absolute, not ${JSON.stringify(path)}`;
  }
  if (path.includes("\0")) {
    return "the gofer's path contains a NUL byte";
  }
  const length = Buffer.byteLength(path);
  return length > goferPathBytesMax
    ? `the gofer's path has ${length} bytes; at most ${goferPathBytesMax} fit`
    : undefined;
}

/** Where in the file the first instruction stands. */
function entryOffset({ entry, text }: StaticExecutable): number {
  return text.offset + entry - text.address;
}

function insertStub(
  original: Uint8Array,
  executable: StaticExecutable,
  goferPath: string,
  method: AdoptionMethod,
): Uint8Array | undefined {
  const placement = placements[method];
  const changedHeaders = placement.changedHeaders(executable);
  if (changedHeaders === undefined) {
    return undefined;
  }
  const saved = [entryField, changedHeaders].map(({ start, end }) => ({
    offset: start,
    bytes: original.subarray(start, end),
  }));
  const stub = entryStub(executable.machine, goferPath);
  const blockBytes = blockLength(stub.length, saved);
  const room = placement.findRoom(original, executable, blockBytes);
  if (room === undefined || Math.abs(executable.entry - room.address) > entryDistanceMax) {
    return undefined;
  }
  const stubAddress = room.address + recordHeaderBytes;
  const code = stub.link(stubAddress, new Map([["originalEntry", executable.entry]]));
  const record = { originalDigest: sha256(original), originalBytes: original.length, saved };

  const adopted = new Uint8Array(Math.max(original.length, room.offset + blockBytes));
  const view = new DataView(adopted.buffer);
  adopted.set(original);
  adopted.set(encodeBlock(record, code, stub.offsetOf("goferPath")), room.offset);
  placement.coverBlock(view, executable, room, blockBytes);
  view.setBigUint64(elf.fileHeader.entry, BigInt(stubAddress), true);
  return adopted;
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Bun.CryptoHasher("sha256").update(bytes).digest();
}
