declare const byteString: unique symbol;

/**
 * Bytes carried in a JavaScript string: one character, 0 to 255, for each byte. File names, link targets and attribute
 * names are bytes on Linux, not text, so they are never decoded as UTF-8 on the way through; as strings they are
 * immutable, compare by value and serve as keys.
 */
export type ByteString = string & { readonly [byteString]: true };

/** The UTF-8 bytes of `text`. */
export function byteStringOf(text: string): ByteString {
  return Buffer.from(text, "utf8").toString("latin1") as ByteString;
}

/** The bytes as text for people: UTF-8 where they are, U+FFFD where they are not. */
export function textOf(bytes: ByteString): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
