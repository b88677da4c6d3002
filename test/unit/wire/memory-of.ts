import type { Memory } from "../../../ffi/memory.ts";

/** Memory of its own that holds a copy of `bytes`. */
export function memoryOf(bytes: Uint8Array): Memory {
  const u8 = new Uint8Array(bytes);
  return { u8, view: new DataView(u8.buffer) };
}

/** Memory of its own, each byte of which is `fill`. */
export function memoryFilled(length: number, fill: number): Memory {
  return memoryOf(new Uint8Array(length).fill(fill));
}

/** A view that says which bytes were loaded more than once: a peer could have changed them between the two loads. */
export class LoadCounter extends DataView<ArrayBuffer> {
  readonly loadedTwice = new Set<number>();
  readonly #loaded = new Set<number>();

  override getUint8(at: number): number {
    this.#note(at, 1);
    return super.getUint8(at);
  }

  override getUint16(at: number, littleEndian?: boolean): number {
    this.#note(at, 2);
    return super.getUint16(at, littleEndian);
  }

  override getUint32(at: number, littleEndian?: boolean): number {
    this.#note(at, 4);
    return super.getUint32(at, littleEndian);
  }

  override getInt32(at: number, littleEndian?: boolean): number {
    this.#note(at, 4);
    return super.getInt32(at, littleEndian);
  }

  #note(at: number, bytes: number): void {
    for (let byte = at; byte < at + bytes; byte++) {
      if (this.#loaded.has(byte)) this.loadedTwice.add(byte);
      this.#loaded.add(byte);
    }
  }
}
