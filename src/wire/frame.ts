import type { Memory } from "../../ffi/memory.ts";

// The headers before each payload, by the word and without a value object, because every message passes here. The reserved
// bytes at their end are written as zero and ignored when read.

/**
 * Header of a message on the socket: the payload's length in 32 bits, the message in 16, 16 reserved.
 * Source: sockHeader in pkg/lisafs/sock.go.
 */
export const socketHeaderBytes = 8;

/**
 * Header of a message in a channel's window, behind flipcall's own: the message in 16 bits, the count of descriptors that
 * go with it in 8, 8 reserved. Source: channelHeader in pkg/lisafs/channel.go.
 */
export const channelHeaderBytes = 4;

/** The payload's length in bytes, as the peer claims it. */
export function readSocketPayloadBytes(memory: Memory, at: number): number {
  return memory.view.getUint32(at, true);
}

export function readSocketMessageId(memory: Memory, at: number): number {
  return memory.view.getUint16(at + 4, true);
}

export function writeSocketHeader(memory: Memory, at: number, payloadBytes: number, messageId: number): void {
  memory.view.setUint32(at, payloadBytes, true);
  memory.view.setUint32(at + 4, messageId, true);
}

export function readChannelMessageId(memory: Memory, at: number): number {
  return memory.view.getUint16(at, true);
}

export function writeChannelHeader(memory: Memory, at: number, messageId: number, fdCount: number): void {
  memory.view.setUint16(at, messageId, true);
  memory.view.setUint16(at + 2, fdCount, true);
}
