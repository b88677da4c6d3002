import { decodeRequest, encodeRequest, type MessageDefinition } from "../../../src/wire/message.ts";
import type { Memory } from "../../../ffi/memory.ts";
import type { FdId } from "../../../src/wire/integers.ts";
import { payloadBytesMax } from "../../../src/wire/limits.ts";
import { type MessageName, messageNames, messages } from "../../../src/wire/messages.ts";
import { type HostileRequest, mutate } from "./mutations.ts";
import { type Making, requestMakers } from "./request-makers.ts";

/** Messages that lead to deep states come more often than their share. */
const favourites: readonly MessageName[] = ["walk", "walk", "openAt", "openAt", "openCreateAt", "mkdirAt", "bindAt"];

/** Opened by other means: a channel's reply must not be lost. */
const names = messageNames.filter((name) => name !== "channel").concat(favourites);

const mutatedShare = 0.4;
const scratch = memoryOf(new Uint8Array(payloadBytesMax));

/** The next request: as it should be, or spoilt. */
export function makeRequest(making: Making): HostileRequest {
  const { random } = making;
  const name = random.pick(names);
  const request = { messageId: messages[name].id, payload: encode(name, making) };
  return random.chance(mutatedShare) ? mutate(request, making) : request;
}

function encode(name: MessageName, making: Making): Uint8Array {
  const length = encodeRequest(messages[name] as MessageDefinition, scratch, 0, payloadBytesMax, requestMakers[name](making));
  if (length < 0) throw new RangeError(`${name} does not fit`);
  return scratch.u8.slice(0, length);
}

/** The FDs that this request closes if it is served. */
export function closedBy({ messageId, payload }: HostileRequest): readonly FdId[] {
  if (messageId !== messages.close.id) return [];
  return decodeRequest(messages.close, memoryOf(payload), 0, payload.length)?.fds ?? [];
}

function memoryOf(u8: Uint8Array): Memory {
  return { u8, view: new DataView(u8.buffer, u8.byteOffset, u8.length) };
}
