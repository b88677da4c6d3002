/** The integer kinds that kernel structures are made of, with their size in bytes. */
const fieldBytes = { u8: 1, u16: 2, u32: 4, i32: 4, u64: 8, i64: 8 } as const;

type FieldKind = keyof typeof fieldBytes;

/** Where the fields of a C structure stand: byte offset by field name, and the size of the whole. */
export type Layout<Name extends string> = { readonly [N in Name]: number } & { readonly bytes: number };

/**
 * The layout of a C structure from its fields in order, each aligned to its own size as the System V and AAPCS64 ABIs do.
 * `packed` leaves alignment out.
 */
export function layout<const Fields extends Readonly<Record<string, FieldKind>>>(
  fields: Fields,
  options: { readonly packed?: boolean } = {},
): Layout<keyof Fields & string> {
  const offsets: Record<string, number> = {};
  let at = 0;
  let widest = 1;
  for (const [name, kind] of Object.entries(fields)) {
    const size = fieldBytes[kind];
    if (options.packed !== true) {
      at = alignUp(at, size);
      widest = Math.max(widest, size);
    }
    offsets[name] = at;
    at += size;
  }
  return { ...offsets, bytes: alignUp(at, widest) } as Layout<keyof Fields & string>;
}

function alignUp(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}
