/** Places in a stub that its instructions name; originalEntry lies outside of it. */
export type StubLabel =
  | "compare"
  | "pass"
  | "execute"
  | "nextVariable"
  | "tryBeginning"
  | "compareBeginning"
  | "skipBeginning"
  | "beginsRight"
  | "findEquals"
  | "nextKept"
  | "compareName"
  | "keep"
  | "endOfEnvironment"
  | "goferName"
  | "passedVariables"
  | "goferPath"
  | "failureLine"
  | "originalEntry";

/**
 * Completes the bytes at `offset` of `code`, so that they mean `target`. `at` is the virtual address of these bytes,
 * `target` that of the label.
 */
export type Relocate = (code: DataView, offset: number, at: number, target: number) => void;

interface Reference {
  readonly offset: number;
  readonly label: StubLabel;
  readonly relocate: Relocate;
}

/**
 * Machine code under construction: instructions that name labels, and the data that follows them. No instruction
 * changes its length when it is linked, so `length` is final once the last byte is in.
 */
export class CodeBuffer {
  readonly #bytes: number[] = [];
  readonly #labels = new Map<StubLabel, number>();
  readonly #references: Reference[] = [];

  get length(): number {
    return this.#bytes.length;
  }

  emit(...bytes: readonly number[]): void {
    this.#bytes.push(...bytes);
  }

  emitBytes(bytes: Uint8Array): void {
    for (const byte of bytes) {
      this.#bytes.push(byte);
    }
  }

  /** A 32-bit little-endian word. */
  emitWord(word: number): void {
    this.emit(word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, (word >>> 24) & 0xff);
  }

  /** Names the place of the next byte. */
  label(name: StubLabel): void {
    this.#labels.set(name, this.length);
  }

  /** Leaves the next bytes to be completed when `label` has an address. */
  refer(label: StubLabel, relocate: Relocate): void {
    this.#references.push({ offset: this.length, label, relocate });
  }

  offsetOf(label: StubLabel): number {
    const offset = this.#labels.get(label);
    if (offset === undefined) {
      throw new Error(`label ${label} is not defined`);
    }
    return offset;
  }

  /** The code for the virtual address `address`; `external` gives the addresses of labels outside of it. */
  link(address: number, external: ReadonlyMap<StubLabel, number>): Uint8Array {
    const code = Uint8Array.from(this.#bytes);
    const view = new DataView(code.buffer);
    for (const { offset, label, relocate } of this.#references) {
      const target = external.get(label) ?? address + this.offsetOf(label);
      relocate(view, offset, address + offset, target);
    }
    return code;
  }
}
