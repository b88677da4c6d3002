import type { Memory } from "../../../ffi/memory.ts";
import type { FdId } from "../../../src/wire/integers.ts";
import { payloadBytesMax } from "../../../src/wire/limits.ts";
import { decodeRequest, encodeRequest, type MessageDefinition } from "../../../src/wire/message.ts";
import { type MessageName, messageNames, messages, type RequestOf } from "../../../src/wire/messages.ts";
import { type HostileRequest, mutate } from "./mutations.ts";
import { type Making, requestMakers } from "./request-makers.ts";

/** Those that lead to deep states come more often than their share. Channels are opened by other means. */
const names: readonly MessageName[] = [
  ...messageNames.filter((name) => name !== "channel"),
  ...([
    "walk",
    "walk",
    "walk",
    "openAt",
    "openAt",
    "openAt",
    "openCreateAt",
    "mkdirAt",
    "symlinkAt",
    "bindAt",
  ] as const),
];

const mutatedShare = 0.25;
const scratch = memoryOf(new Uint8Array(payloadBytesMax));

/** The next request: as it should be, or spoilt. */
export function makeRequest(making: Making): HostileRequest {
  const { random } = making;
  const name = random.pick(names);
  const request = requestOf(name, requestMakers[name](making));
  return random.chance(mutatedShare) ? mutate(request, making) : request;
}

/** A request as it should be. */
export function requestOf<N extends MessageName>(name: N, request: RequestOf<N>): HostileRequest {
  const length = encodeRequest(messages[name] as MessageDefinition, scratch, 0, payloadBytesMax, request);
  if (length < 0) throw new RangeError(`${name} does not fit`);
  return { messageId: messages[name].id, payload: scratch.u8.slice(0, length) };
}

/** The FDs that this request closes if it is served. */
export function closedBy({ messageId, payload }: HostileRequest): readonly FdId[] {
  if (messageId !== messages.close.id) return [];
  return decodeRequest(messages.close, memoryOf(payload), 0, payload.length)?.fds ?? [];
}

function memoryOf(u8: Uint8Array): Memory {
  return { u8, view: new DataView(u8.buffer, u8.byteOffset, u8.length) };
}
