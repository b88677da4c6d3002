import type { Random } from "./random.ts";
import type { Making } from "./request-makers.ts";

/** A request as it goes out, whatever it was meant to be. */
export interface HostileRequest {
  readonly messageId: number;
  readonly payload: Uint8Array;
}

const oddBytes = [0, 1, 0x2e, 0x2f, 0x7f, 0x80, 0xff];
const oddCounts = [0, 1, 0x7fff, 0x8000, 0xfffe, 0xffff];
const oddWides = [0n, 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n];
const changesMax = 4;
const extensionBytesMax = 300;
const knownMessagesMax = 34;

type Mutation = (request: HostileRequest, making: Making) => HostileRequest;

const mutations: readonly Mutation[] = [
  overwriteBytes((view, at, random) => view.setUint8(at, view.getUint8(at) ^ (1 << random.below(8))), 1),
  overwriteBytes((view, at, random) => view.setUint8(at, random.pick(oddBytes)), 1),
  // Lengths and counts have 16 bits mostly, 32 in PWrite.
  overwriteBytes((view, at, random) => view.setUint16(at, random.pick(oddCounts), true), 2),
  overwriteBytes((view, at, random) => view.setUint32(at, random.word() | 0x8000_0000, true), 4),
  overwriteBytes((view, at, random) => view.setBigUint64(at, random.pick(oddWides), true), 8),
  (request, { random }) => ({
    ...request,
    payload: request.payload.slice(0, random.below(request.payload.length + 1)),
  }),
  (request, { random }) => ({
    ...request,
    payload: Buffer.concat([request.payload, random.bytes(random.below(extensionBytesMax))]),
  }),
  (request, { random }) => ({ ...request, messageId: random.below(knownMessagesMax) }),
  (request, { random }) => ({ ...request, messageId: random.below(0x10000) }),
  (request, { random }) => ({ ...request, payload: random.bytes(random.below(extensionBytesMax)) }),
];

/** The same request with something wrong about it. */
export function mutate(request: HostileRequest, making: Making): HostileRequest {
  const { random } = making;
  let mutated = random.pick(mutations)(request, making);
  while (random.chance(0.25)) mutated = random.pick(mutations)(mutated, making);
  return mutated;
}

/** Changes a copy of the payload at some places where `width` bytes are. */
function overwriteBytes(change: (view: DataView, at: number, random: Random) => void, width: number): Mutation {
  return (request, { random }) => {
    const payload = Uint8Array.from(request.payload);
    if (payload.length < width) return request;
    const view = new DataView(payload.buffer);
    for (let changes = 1 + random.below(changesMax); changes > 0; changes--) {
      change(view, random.below(payload.length - width + 1), random);
    }
    return { ...request, payload };
  };
}
