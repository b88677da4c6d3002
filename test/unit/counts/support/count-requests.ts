import { fullGC, heapStats } from "bun:jsc";
import { memory } from "../../../../ffi/arena.ts";
import { GarbagePacer } from "../../../../src/server/garbage-pacer.ts";
import { messageName } from "../../../../src/wire/trace.ts";
import { HostServer } from "../../support/host-server.ts";
import { interceptWaits, Tally } from "./interception.ts";
import { capture, type ScriptedRequest } from "./scripted-request.ts";
import { ScriptedChannel, ScriptedSocket, type ScriptedTransport } from "./scripted-transport.ts";
import { type Script, scripts } from "./scripts.ts";

/*
 * Serves each script over and over and prints, as JSON, what one repetition costs. The first argument says what is counted. The
 * server is the one of production, loop included; the client acts whenever the loop is about to sleep, on the same thread, so that
 * everything happens in the same order each time.
 */

export type Transport = "channel" | "socket";
export type Counted = "calls" | "objects";

/** How often, for each repetition. What happens less often, such as a table's growing, is left out. */
export type Costs = Readonly<Record<string, number>>;

export interface CostsReport {
  /** System calls, or objects by type; `bytes copied` among the calls. */
  readonly [script: string]: Readonly<Record<Transport, Costs>>;
}

/** The engine has compiled by then what it will compile. */
const warmUps = 100;
const repetitions = 20;

/** Types of the engine's own bookkeeping, which come and go with compilation and not with requests. */
const engineTypes: ReadonlySet<string> = new Set([
  "FunctionCodeBlock",
  "FunctionExecutable",
  "FunctionRareData",
  "PropertyTable",
  "Structure",
  "StructureChain",
  "StructureRareData",
  "SymbolTable",
  "UnlinkedFunctionCodeBlock",
  "UnlinkedFunctionExecutable",
]);

type ObjectCounts = Readonly<Record<string, number>>;

const counted: Counted = JSON.parse(process.argv[2] ?? "");

// Nothing may be collected while objects are counted.
GarbagePacer.prototype.note = () => undefined;

const tally = counted === "calls" ? new Tally() : undefined;
const doNothing = (): void => undefined;
let onWait = doNothing;
interceptWaits(() => {
  if (tally !== undefined) tally.isOn = false;
  onWait();
  if (tally !== undefined) tally.isOn = true;
});

async function countOne(script: Script, transport: Transport): Promise<Costs> {
  using server = new HostServer();
  const requests = script(server);
  using client = connect(server, transport);
  let costs: Costs = {};
  let first = objectCounts();
  let second = first;
  let repetition = -warmUps;
  let next = 0;
  onWait = () => {
    const reply = client.poll();
    const answered = requests[next];
    if (reply === undefined || answered === undefined) return;
    expectReply(answered, reply, client.payloadAt);
    next = (next + 1) % requests.length;
    if (next === 0) repetition++;
    if (next === 0 && repetition === 0) {
      tally?.clear();
      fullGC();
      first = objectCounts();
      second = objectCounts();
    }
    if (next === 0 && repetition === repetitions) {
      costs = costsOf(tally === undefined ? madeBetween(first, second, objectCounts()) : tally.figures);
      server.server.stop();
      return;
    }
    post(client, requests, next);
  };
  post(client, requests, next);
  await server.server.run();
  onWait = doNothing;
  return costs;
}

function connect(server: HostServer, transport: Transport): ScriptedTransport {
  if (transport === "socket") return new ScriptedSocket(server.client);
  const channel = new ScriptedChannel(server.client);
  server.server.turn();
  if (channel.poll() === undefined) throw new Error("the channel is not connected");
  return channel;
}

function post(client: ScriptedTransport, requests: readonly ScriptedRequest[], index: number): void {
  const request = requests[index];
  if (request !== undefined) client.post(request);
}

function expectReply(answered: ScriptedRequest, messageId: number, payloadAt: number): void {
  if (messageId === answered.messageId) capture(answered, payloadAt);
  else throw new Error(`${messageName(answered.messageId)} failed: ${memory.view.getUint32(payloadAt, true)}`);
}

function objectCounts(): ObjectCounts {
  return heapStats().objectTypeCounts;
}

/** Objects by type made from `second` to `third`, none of which was collected meanwhile, but for those that a look at them makes. */
function madeBetween(
  first: ObjectCounts,
  second: ObjectCounts,
  third: ObjectCounts,
): Iterable<readonly [string, number]> {
  return Object.entries(third)
    .filter(([type]) => !engineTypes.has(type))
    .map(([type, count]) => {
      const looked = second[type] ?? 0;
      return [type, count - looked - (looked - (first[type] ?? 0))] as const;
    });
}

function costsOf(counts: Iterable<readonly [string, number]>): Costs {
  const each = [...counts].map(([name, count]) => [name, Math.round(count / repetitions)] as const);
  return Object.fromEntries(each.filter(([, count]) => count !== 0));
}

const report: Record<string, Record<Transport, Costs>> = {};
for (const [name, script] of Object.entries(scripts)) {
  report[name] = { channel: await countOne(script, "channel"), socket: await countOne(script, "socket") };
}
console.log(JSON.stringify(report));
process.exit(0);
