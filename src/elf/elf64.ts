/** Numbers and field offsets of ELF64 that adoption needs. Source: elf(5), the System V ABI. */

export const elfMagic = [0x7f, 0x45, 0x4c, 0x46] as const;

/** Offsets within the file header. */
export const fileHeader = {
  class: 4,
  data: 5,
  osAbi: 7,
  type: 16,
  machine: 18,
  entry: 24,
  programHeaderOffset: 32,
  sectionHeaderOffset: 40,
  programHeaderSize: 54,
  programHeaderCount: 56,
  sectionHeaderSize: 58,
  sectionHeaderCount: 60,
  bytes: 64,
} as const;

/** Offsets within one entry of the program header table. */
export const programHeader = {
  type: 0,
  flags: 4,
  offset: 8,
  address: 16,
  physicalAddress: 24,
  fileSize: 32,
  memorySize: 40,
  alignment: 48,
  bytes: 56,
} as const;

/** Offsets within one entry of the section header table. */
export const sectionHeader = { type: 4, offset: 24, size: 32, bytes: 64 } as const;

export const class64 = 2;
export const littleEndian = 1;
export const osAbiSystemV = 0;
export const osAbiLinux = 3;

export const typeExecutable = 2;
/** Shared object; without an interpreter, a static position-independent executable. */
export const typeShared = 3;

export const segmentLoad = 1;
export const segmentInterpreter = 3;
export const segmentNote = 4;

export const flagExecutable = 1;
export const flagReadable = 4;

export const sectionNull = 0;
/** A section without bytes in the file, such as .bss. */
export const sectionNoBits = 8;

/** Means that the true number of program headers stands elsewhere. */
export const programHeaderCountExtended = 0xffff;

export type Machine = "x86-64" | "arm64";

export const machineByNumber: ReadonlyMap<number, Machine> = new Map([
  [62, "x86-64"],
  [183, "arm64"],
]);

export const pageBytesMin = 4096;

/** The largest page a kernel for the machine may use: what a segment must be aligned to in order to load everywhere. */
export const pageBytesMax: Readonly<Record<Machine, number>> = { "x86-64": 4096, arm64: 65_536 };

/** End of the addresses that a process can have on every supported machine (47 bits). */
export const userAddressMax = 2 ** 47;

/** `alignment` is a power of two. */
export function roundUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

export function roundDown(value: number, alignment: number): number {
  return Math.floor(value / alignment) * alignment;
}
