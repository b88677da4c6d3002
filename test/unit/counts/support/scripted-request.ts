import { memory } from "../../../../ffi/arena.ts";
import { socketHeaderBytes } from "../../../../src/wire/frame.ts";
import type { FdId } from "../../../../src/wire/integers.ts";
import type { MessageName, RequestOf } from "../../../../src/wire/messages.ts";
import { messages } from "../../../../src/wire/messages.ts";
import { inode } from "../../../../src/wire/records.ts";
import type { TestClient } from "../../support/client.ts";

/** Bytes of a reply that become bytes of a later request: the ID of an FD that the server has just given out. */
export interface Capture {
  readonly replyOffset: number;
  readonly into: Uint8Array;
  readonly at: number;
}

/** A request whose bytes are made before anything is counted, so that sending it leaves nothing behind. */
export interface ScriptedRequest {
  readonly messageId: number;
  readonly payload: Uint8Array;
  readonly captures: readonly Capture[];
}

const idBytes = 8;
/** What stands before the first ID of a Close request. */
const listHeadBytes = 2;
/** What stands before the first inode of a Walk reply. */
const walkHeadBytes = 3;

/** One request; `captures` say what of its reply later ones need. */
export function scripted<N extends MessageName>(
  client: TestClient,
  name: N,
  request: RequestOf<N>,
  captures: readonly Capture[] = [],
): ScriptedRequest {
  return { messageId: messages[name].id, payload: client.encode(name, request).slice(socketHeaderBytes), captures };
}

/** A request that gives out FDs whose IDs stand at `replyOffsets` of the reply, and the one that closes them. */
export function openedAndClosed<N extends MessageName>(
  client: TestClient,
  name: N,
  request: RequestOf<N>,
  replyOffsets: readonly number[],
): readonly [opening: ScriptedRequest, closing: ScriptedRequest] {
  const closing = scripted(client, "close", { fds: replyOffsets.map(() => 0 as FdId) });
  const captures = replyOffsets.map((replyOffset, index) => ({
    replyOffset,
    into: closing.payload,
    at: listHeadBytes + index * idBytes,
  }));
  return [scripted(client, name, request, captures), closing];
}

/** Where in a Walk reply the IDs of `count` FDs stand. */
export function walkedIds(count: number): number[] {
  return Array.from({ length: count }, (_, index) => walkHeadBytes + index * inode.bytes);
}

/** Where in an OpenCreateAt reply the IDs of the control FD and of the open FD stand. */
export const createdIds: readonly number[] = [0, inode.bytes];

/** Copies the captured bytes out of a reply whose payload stands at `payloadAt`. */
export function capture({ captures }: ScriptedRequest, payloadAt: number): void {
  const { u8 } = memory;
  for (let index = 0; index < captures.length; index++) {
    const wanted = captures[index];
    if (wanted === undefined) return;
    for (let byte = 0; byte < idBytes; byte++) {
      wanted.into[wanted.at + byte] = u8[payloadAt + wanted.replyOffset + byte] ?? 0;
    }
  }
}
