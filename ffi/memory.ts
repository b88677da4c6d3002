/** A stretch of memory seen through the two views that codecs need. Both cover the same bytes. */
export interface Memory {
  readonly u8: Uint8Array;
  readonly view: DataView;
}
