import { dlopen, FFIType } from "bun:ffi";
import { MAP_ANONYMOUS, MAP_NORESERVE, MAP_PRIVATE, PROT_EXEC, PROT_NONE, PROT_READ, PROT_WRITE } from "./linux.ts";

/**
 * The two calls needed before the project's own system calls exist: they make the memory that those stand in.
 * Everything later goes through syscalls.ts.
 */
const { mmap, mprotect } = dlopen("libc.so.6", {
  mmap: {
    args: [FFIType.u64, FFIType.u64, FFIType.i32, FFIType.i32, FFIType.i32, FFIType.i64_fast],
    returns: FFIType.i64_fast,
  },
  mprotect: { args: [FFIType.u64, FFIType.u64, FFIType.i32], returns: FFIType.i32 },
}).symbols;

/** Reserves `bytes` of address space without access and without memory. Gives its address. Source: mmap(2). */
export function reserveAddressSpace(bytes: number): number {
  return map(bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
}

/** Maps `bytes` of zeroed private memory. Gives its address. Source: mmap(2). */
export function mapPrivateMemory(bytes: number): number {
  return map(bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
}

/** Makes reserved memory readable and writable. Source: mprotect(2). */
export function allowReadAndWrite(address: number, bytes: number): void {
  protect(address, bytes, PROT_READ | PROT_WRITE);
}

/** Makes memory executable and forever unwritable. Source: mprotect(2). */
export function sealAsCode(address: number, bytes: number): void {
  protect(address, bytes, PROT_READ | PROT_EXEC);
}

function map(bytes: number, protection: number, flags: number): number {
  const address = Number(mmap(0, bytes, protection, flags, -1, 0));
  if (address === -1) throw new Error(`cannot map ${bytes} bytes of memory`);
  return address;
}

function protect(address: number, bytes: number, protection: number): void {
  if (mprotect(address, bytes, protection) !== 0)
    throw new Error(`cannot change the protection of ${bytes} bytes of memory`);
}
