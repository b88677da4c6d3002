import type { Memory } from "../../ffi/memory.ts";
import { type Codec, type FixedCodec, fixed, isFixed, noRoom, type ValueOf } from "./codec.ts";
import { u16 } from "./integers.ts";
import { arrayElementsMax } from "./limits.ts";

/** Bytes that carry nothing: ignored when decoded, zero when encoded, absent from the value. */
export interface Pad extends FixedCodec<undefined> {
  readonly isPad: true;
}

export function pad(bytes: number): Pad {
  const codec = fixed(
    bytes,
    () => undefined,
    (memory, at) => {
      memory.u8.fill(0, at, at + bytes);
    },
  );
  return { ...codec, isPad: true };
}

/** Codecs by field name, in wire order. */
export type Fields = Readonly<Record<string, Codec<unknown>>>;

type StructValue<F extends Fields> = {
  readonly [Name in keyof F as F[Name] extends Pad ? never : Name]: ValueOf<F[Name]>;
};

/** A codec that knows its fields. */
export interface StructCodec<T> extends Codec<T> {
  readonly fields: Fields;
}

interface FixedField {
  readonly name: string;
  readonly codec: FixedCodec<unknown>;
  readonly offset: number;
}

interface Field {
  readonly name: string;
  readonly codec: Codec<unknown>;
}

/** A structure: its fields one behind the other, without alignment; gaps are pad fields. */
export function struct<const F extends Readonly<Record<string, FixedCodec<unknown>>>>(
  fields: F,
): FixedCodec<StructValue<F>> & StructCodec<StructValue<F>>;
export function struct<const F extends Fields>(fields: F): StructCodec<StructValue<F>>;
export function struct(fields: Fields): StructCodec<Record<string, unknown>> {
  const { head, headBytes, tail } = arrange(fields);
  const headValues = head.filter((field) => !isPad(field.codec));

  function read(memory: Memory, at: number): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    for (const field of headValues) value[field.name] = field.codec.read(memory, at + field.offset);
    return value;
  }
  function write(memory: Memory, at: number, value: Record<string, unknown>): void {
    for (const field of head) field.codec.write(memory, at + field.offset, value[field.name]);
  }
  const headCodec = fixed(headBytes, read, write);
  if (tail.length === 0) return Object.assign(headCodec, { fields });

  return {
    fields,
    bytesMin: tail.reduce((sum, field) => sum + field.codec.bytesMin, headBytes),
    decode(cursor): Record<string, unknown> | undefined {
      const value = headCodec.decode(cursor);
      if (value === undefined) return undefined;
      for (const field of tail) {
        const decoded = field.codec.decode(cursor);
        if (decoded === undefined) return undefined;
        value[field.name] = decoded;
      }
      return value;
    },
    encode(memory, at, end, value) {
      let behind = headCodec.encode(memory, at, end, value);
      for (const field of tail) {
        if (behind === noRoom) return noRoom;
        behind = field.codec.encode(memory, behind, end, value[field.name]);
      }
      return behind;
    },
  };
}

/** Parts the fields into those whose offsets are known beforehand and the rest, which starts with one of variable size. */
function arrange(fields: Fields): { head: readonly FixedField[]; headBytes: number; tail: readonly Field[] } {
  const head: FixedField[] = [];
  const tail: Field[] = [];
  let headBytes = 0;
  for (const [name, codec] of Object.entries(fields)) {
    if (tail.length === 0 && isFixed(codec)) {
      head.push({ name, codec, offset: headBytes });
      headBytes += codec.bytes;
    } else if (isPad(codec)) {
      throw new TypeError(`${name}: no pad may follow a field of variable size`);
    } else {
      tail.push({ name, codec });
    }
  }
  return { head, headBytes, tail };
}

function isPad(codec: Codec<unknown>): boolean {
  return "isPad" in codec;
}

/** A list: its length in 16 bits, then its elements. */
export function array<T>(element: Codec<T>): Codec<readonly T[]> {
  return {
    bytesMin: u16.bytes,
    decode(cursor): readonly T[] | undefined {
      const count = u16.decode(cursor);
      if (count === undefined || count * element.bytesMin > cursor.end - cursor.at) return undefined;
      const values: T[] = [];
      for (let index = 0; index < count; index++) {
        const value = element.decode(cursor);
        if (value === undefined) return undefined;
        values.push(value);
      }
      return values;
    },
    encode(memory, at, end, values) {
      if (values.length > arrayElementsMax) return noRoom;
      let behind = u16.encode(memory, at, end, values.length);
      for (const value of values) {
        if (behind === noRoom) return noRoom;
        behind = element.encode(memory, behind, end, value);
      }
      return behind;
    },
  };
}
