/** Little-endian fields of untrusted bytes, which it borrows. A field that is not all there reads as undefined. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.#bytes.length;
  }

  u8(offset: number): number | undefined {
    return this.#has(offset, 1) ? this.#view.getUint8(offset) : undefined;
  }

  u16(offset: number): number | undefined {
    return this.#has(offset, 2) ? this.#view.getUint16(offset, true) : undefined;
  }

  u32(offset: number): number | undefined {
    return this.#has(offset, 4) ? this.#view.getUint32(offset, true) : undefined;
  }

  /** Also undefined above 2^53 − 1: no offset, size or user address of a Linux program is that large. */
  u64(offset: number): number | undefined {
    if (!this.#has(offset, 8)) {
      return undefined;
    }
    const value = this.#view.getBigUint64(offset, true);
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined;
  }

  /** A view, not a copy. */
  bytes(offset: number, length: number): Uint8Array | undefined {
    return this.#has(offset, length) ? this.#bytes.subarray(offset, offset + length) : undefined;
  }

  #has(offset: number, length: number): boolean {
    return offset >= 0 && length >= 0 && offset + length <= this.#bytes.length;
  }
}
