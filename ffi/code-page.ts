import { type Pointer, toArrayBuffer } from "bun:ffi";
import { mapPrivateMemory, sealAsCode } from "./libc.ts";

const codePageBytes = 16384;
const stubAlignment = 16;

/** One page range of machine code: written once, then sealed read-and-execute. */
export class CodePage {
  readonly #address = mapPrivateMemory(codePageBytes);
  // SAFETY: the mapping is never unmapped, so the view stays valid; after seal() nothing writes through it.
  readonly #bytes = new Uint8Array(toArrayBuffer(this.#address as Pointer, 0, codePageBytes));
  #used = 0;

  /** Appends `code` and gives the address to call it at. Throws when the page is full. */
  emit(code: Uint8Array): number {
    const at = this.#used;
    if (at + code.length > codePageBytes) throw new RangeError(`code page full: ${codePageBytes} bytes`);
    this.#bytes.set(code, at);
    this.#used = (at + code.length + stubAlignment - 1) & ~(stubAlignment - 1);
    return this.#address + at;
  }

  seal(): void {
    sealAsCode(this.#address, codePageBytes);
  }
}
