import { arenaBytesUsed } from "../../ffi/arena.ts";
import type { BlockingCalls } from "../transport/blocking-calls.ts";
import { messageNames } from "../wire/messages.ts";
import { messageName, quote } from "../wire/trace.ts";
import type { Connection, ServerContext } from "./connection.ts";
import { ControlFd, OpenFd } from "./fds.ts";
import type { RequestCounts } from "./request-counts.ts";

/** How many connections, requests and calls are told of one by one. */
const listedMax = 64;

/** The state of a server in lines for people: what there is, then each connection, request and call under way. */
export function stateLines(context: ServerContext, calls: BlockingCalls): string[] {
  const { tree, counts, connections, garbage } = context;
  const { underWay: callsUnderWay, outstanding } = calls;
  const requests = [...connections].flatMap(requestLines);
  const waiting = outstanding - callsUnderWay.length;
  return [
    `${connections.size} connections, ${requests.length} requests under way, ${tree.root.count()} nodes in the tree, ` +
      `${callsUnderWay.length} blocking calls under way and ${waiting} waiting`,
    `memory: ${arenaBytesUsed()} bytes of arena, ${garbage.grownBytes} bytes of heap since the start`,
    ...listed([...connections].map(connectionLine), "connections"),
    ...listed(requests, "requests"),
    ...listed(
      callsUnderWay.map(({ name, millis }) => `call ${name} under way for ${seconds(millis)}`),
      "calls",
    ),
    `requests so far: ${countsText(counts)}`,
  ];
}

function connectionLine(connection: Connection): string {
  const { path, options, communicator, channelCount, isEnded, fds } = connection;
  let control = 0;
  let open = 0;
  let bound = 0;
  for (const fd of fds.all()) {
    if (fd instanceof ControlFd) control++;
    else if (fd instanceof OpenFd) open++;
    else bound++;
  }
  const properties = `${options.readonly ? ", read-only" : ""}${isEnded ? ", ended" : ""}`;
  return (
    `connection ${quote(path)}: socket ${communicator.socket}, ${channelCount} channels, ` +
    `${control} control FDs, ${open} open FDs, ${bound} bound sockets${properties}`
  );
}

function requestLines(connection: Connection): string[] {
  const now = performance.now();
  return [...connection.underWay].map(([communicator, { messageId, startedAt }]) => {
    const origin = `${quote(connection.path)} ${connection.nameOf(communicator)}`;
    return `request ${messageName(messageId)} from ${origin} under way for ${seconds(now - startedAt)}`;
  });
}

function listed(lines: readonly string[], what: string): string[] {
  if (lines.length <= listedMax) return [...lines];
  return [...lines.slice(0, listedMax), `and ${lines.length - listedMax} more ${what}`];
}

function countsText(counts: RequestCounts): string {
  const served = messageNames
    .map((name, id) => ({ name, count: counts.count(id) }))
    .filter(({ count }) => count > 0)
    .map(({ name, count }) => `${name} ${count}`);
  return served.length === 0 ? "none" : served.join(", ");
}

function seconds(millis: number): string {
  return `${(millis / 1000).toFixed(3)} s`;
}
