import { ByteReader } from "./byte-reader.ts";
import * as elf from "./elf64.ts";
import { accept, type Outcome, refuse } from "./outcome.ts";

/** One entry of the program header table. Sizes and offsets in bytes. */
export interface ProgramHeader {
  /** Place in the table, from 0. */
  readonly index: number;
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly alignment: number;
}

/** A static Linux program whose headers were checked against each other and against the length of the file. */
export interface StaticExecutable {
  readonly machine: elf.Machine;
  /** Virtual address of the first instruction. */
  readonly entry: number;
  /** Offset of the program header table in the file. */
  readonly programHeaderOffset: number;
  /** The whole table, in its order. */
  readonly programHeaders: readonly ProgramHeader[];
  /** The loadable segments, by rising address, none overlapping another. */
  readonly segments: readonly ProgramHeader[];
  /** The segment with the first instruction. */
  readonly text: ProgramHeader;
}

const damaged = refuse("damaged ELF file: its headers do not fit the file");

/** Reads the headers of a program for x86-64 or arm64. Refuses whatever an entry stub could not be added to. */
export function parseExecutable(bytes: Uint8Array): Outcome<StaticExecutable> {
  const file = new ByteReader(bytes);
  const machine = identify(file);
  if (!machine.ok) {
    return machine;
  }
  const entry = file.u64(elf.fileHeader.entry);
  const programHeaderOffset = file.u64(elf.fileHeader.programHeaderOffset);
  const programHeaders = readProgramHeaders(file);
  if (entry === undefined || programHeaderOffset === undefined || programHeaders === undefined) {
    return damaged;
  }
  if (programHeaders.some((header) => header.type === elf.segmentInterpreter)) {
    return refuse("a dynamically linked executable: the loader runs before its entry; want a static one");
  }
  const segments = programHeaders.filter((header) => header.type === elf.segmentLoad);
  if (!segments.every((segment) => isLoadable(segment, file.length)) || !areInOrder(segments)) {
    return damaged;
  }
  const text = segments.find((segment) => holdsCode(segment, entry));
  if (text === undefined) {
    return refuse("its entry is not in an executable segment; want a program, not a library");
  }
  return accept({ machine: machine.value, entry, programHeaderOffset, programHeaders, segments, text });
}

function identify(file: ByteReader): Outcome<elf.Machine> {
  if (!elf.elfMagic.every((byte, offset) => file.u8(offset) === byte)) {
    return refuse("not an ELF file");
  }
  if (file.length < elf.fileHeader.bytes) {
    return damaged;
  }
  if (file.u8(elf.fileHeader.class) !== elf.class64) {
    return refuse("not an ELF64 file");
  }
  if (file.u8(elf.fileHeader.data) !== elf.littleEndian) {
    return refuse("not a little-endian ELF file");
  }
  const osAbi = file.u8(elf.fileHeader.osAbi);
  if (osAbi !== elf.osAbiSystemV && osAbi !== elf.osAbiLinux) {
    return refuse(`not a Linux program (ELF OS ABI ${osAbi})`);
  }
  const type = file.u16(elf.fileHeader.type);
  if (type !== elf.typeExecutable && type !== elf.typeShared) {
    return refuse(`not an executable (ELF type ${type})`);
  }
  const number = file.u16(elf.fileHeader.machine) ?? 0;
  const machine = elf.machineByNumber.get(number);
  return machine === undefined ? refuse(`made for ELF machine ${number}; want x86-64 or arm64`) : accept(machine);
}

function readProgramHeaders(file: ByteReader): ProgramHeader[] | undefined {
  const table = file.u64(elf.fileHeader.programHeaderOffset);
  const count = file.u16(elf.fileHeader.programHeaderCount);
  if (table === undefined || count === undefined || count === elf.programHeaderCountExtended) {
    return undefined;
  }
  if (table < elf.fileHeader.bytes) {
    return undefined;
  }
  if (file.u16(elf.fileHeader.programHeaderSize) !== elf.programHeader.bytes) {
    return undefined;
  }
  const headers: ProgramHeader[] = [];
  for (let index = 0; index < count; index++) {
    const header = readProgramHeader(file, table + index * elf.programHeader.bytes, index);
    if (header === undefined) {
      return undefined;
    }
    headers.push(header);
  }
  return headers;
}

function readProgramHeader(file: ByteReader, at: number, index: number): ProgramHeader | undefined {
  const type = file.u32(at + elf.programHeader.type);
  const flags = file.u32(at + elf.programHeader.flags);
  const offset = file.u64(at + elf.programHeader.offset);
  const address = file.u64(at + elf.programHeader.address);
  const fileSize = file.u64(at + elf.programHeader.fileSize);
  const memorySize = file.u64(at + elf.programHeader.memorySize);
  const alignment = file.u64(at + elf.programHeader.alignment);
  if (type === undefined || flags === undefined || offset === undefined || address === undefined) {
    return undefined;
  }
  if (fileSize === undefined || memorySize === undefined || alignment === undefined) {
    return undefined;
  }
  return { index, type, flags, offset, address, fileSize, memorySize, alignment };
}

function isLoadable(segment: ProgramHeader, fileBytes: number): boolean {
  return (
    segment.fileSize <= segment.memorySize &&
    segment.offset + segment.fileSize <= fileBytes &&
    segment.address + segment.memorySize <= elf.userAddressMax &&
    isAlignment(segment.alignment) &&
    segment.offset % elf.pageBytesMin === segment.address % elf.pageBytesMin
  );
}

function isAlignment(value: number): boolean {
  return value === 0 || value === 2 ** Math.round(Math.log2(value));
}

function areInOrder(segments: readonly ProgramHeader[]): boolean {
  let end = 0;
  for (const segment of segments) {
    if (segment.address < end) {
      return false;
    }
    end = segment.address + segment.memorySize;
  }
  return true;
}

function holdsCode(segment: ProgramHeader, address: number): boolean {
  const isExecutable = (segment.flags & elf.flagExecutable) !== 0;
  return isExecutable && address >= segment.address && address < segment.address + segment.fileSize;
}
