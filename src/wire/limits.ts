import { u8, u16, u64 } from "./integers.ts";
import { statx } from "./statx.ts";

const hugePageBytes = 2 ** 21;
const pageBytes = 4096;

/**
 * The largest payload of a message, in either direction. A channel's window holds it and its headers in one huge page.
 * Advertised in the Mount reply. Source: MaxMessageSize in pkg/lisafs/message.go.
 */
export const payloadBytesMax = hugePageBytes - pageBytes;

/** The largest read: its reply has the 64-bit length before the data. More answers ENOBUFS. */
export const readBytesMax = payloadBytesMax - u64.bytes;

/** The longest byte string: lengths have 16 bits. */
export const stringBytesMax = 65_535;

/** The longest list: counts have 16 bits. */
export const arrayElementsMax = 65_535;

/** A descriptor's number and the attributes of its file. */
const inodeBytes = u64.bytes + statx.bytes;

/** Names in one Walk: the reply has status, count and an inode for each. More answers EIO. */
export const walkNamesMax = Math.floor((payloadBytesMax - u8.bytes - u16.bytes) / inodeBytes);

/** Names in one WalkStat: the reply has count and attributes for each. More answers EIO. */
export const walkStatNamesMax = Math.floor((payloadBytesMax - u16.bytes) / statx.bytes);

/**
 * How many channels a connection may have: one a processor, but within these bounds. More answers ENOMEM.
 * Source: maxChannels in pkg/lisafs/channel.go.
 */
export const channelsMaxLowest = 2;
export const channelsMaxHighest = 4;

/** The longest line that shows a message in a log. */
export const traceCharactersMax = 1000;
