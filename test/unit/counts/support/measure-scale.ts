import { fullGC, heapStats } from "bun:jsc";
import { closeSync, openSync, readdirSync } from "node:fs";
import { arenaBytesUsed } from "../../../../ffi/arena.ts";
import { byteStringOf } from "../../../../ffi/byte-string.ts";
import { RLIMIT_NOFILE } from "../../../../ffi/linux.ts";
import { setResourceLimit } from "../../../../ffi/process.ts";
import type { FdId } from "../../../../src/wire/integers.ts";
import { ChannelClient } from "../../support/channel-client.ts";
import { HostServer } from "../../support/host-server.ts";
import { must } from "../../support/results.ts";

/*
 * Opens ever more nodes, and then ever more connections, and prints as JSON what there is each time. The first argument says how many
 * descriptors the process may have, and what to measure.
 */

export interface ScalePlan {
  readonly descriptorsMax: number;
  /** Counts of open nodes to look at, in ascending order. */
  readonly nodes: readonly number[];
  /** Counts of connections with a channel to look at, in ascending order. */
  readonly connections: readonly number[];
}

/** What the process has, beyond what it had before there was any. */
export interface Footprint {
  readonly descriptors: number;
  readonly objects: number;
  readonly arenaBytes: number;
}

export interface ScaleReport {
  readonly nodes: readonly Footprint[];
  /** What was answered when there were no more descriptors, and whether other requests were. */
  readonly atLimit: { readonly answer: unknown; readonly open: number; readonly isAttributeAnswered: boolean };
  readonly nodesClosed: Footprint;
  readonly connections: readonly Footprint[];
}

const closesAtOnce = 100;
const plan = JSON.parse(process.argv[2] ?? "") as ScalePlan;

function footprint(): Footprint {
  fullGC();
  return {
    descriptors: readdirSync("/proc/self/fd").length,
    objects: heapStats().objectTypeCounts["Object"] ?? 0,
    arenaBytes: arenaBytesUsed(),
  };
}

function beyond(before: Footprint, now = footprint()): Footprint {
  return {
    descriptors: now.descriptors - before.descriptors,
    objects: now.objects - before.objects,
    arenaBytes: now.arenaBytes - before.arenaBytes,
  };
}

/** Each node is a file of its own. */
function measureNodes(): Omit<ScaleReport, "connections"> {
  using server = new HostServer();
  const { client, root } = server;
  const open: FdId[] = [];
  let files = 0;
  const openOne = (): string | undefined => {
    const name = `file-${files}`;
    const path = [byteStringOf(name)];
    const answer = client.call("walk", { dirFd: root, path });
    if (typeof answer === "string") return answer;
    open.push(...answer.reply.inodes.map(({ controlFd }) => controlFd));
    return undefined;
  };
  const makeFile = (): void => closeSync(openSync(server.path(`file-${files}`), "w"));
  makeFile();
  openOne();
  closeAll(server, open);
  const before = footprint();
  const nodes = plan.nodes.map((count) => {
    for (; open.length < count; files++) {
      makeFile();
      const failure = openOne();
      if (failure !== undefined) throw new Error(`walk failed at ${open.length} nodes: ${failure}`);
    }
    return beyond(before);
  });
  makeFile();
  let answer: string | undefined;
  while (answer === undefined) answer = openOne();
  const isAttributeAnswered = typeof client.call("fStat", { fd: root }) !== "string";
  const atLimit = { answer, open: open.length, isAttributeAnswered };
  closeAll(server, open);
  return { nodes, atLimit, nodesClosed: beyond(before) };
}

function closeAll({ client }: HostServer, open: FdId[]): void {
  while (open.length > 0) client.expect("close", { fds: open.splice(-closesAtOnce) });
}

function measureConnections(): readonly Footprint[] {
  using server = new HostServer();
  using channels = new DisposableStack();
  const connect = (): void => {
    const client = server.connect(server.directory);
    server.mount(client);
    channels.use(ChannelClient.open(client, () => server.server.turn()));
  };
  connect();
  const before = footprint();
  let made = 0;
  return plan.connections.map((count) => {
    for (; made < count; made++) connect();
    return beyond(before);
  });
}

must(setResourceLimit(RLIMIT_NOFILE, plan.descriptorsMax));
const connections = measureConnections();
console.log(JSON.stringify({ ...measureNodes(), connections } satisfies ScaleReport));
process.exit(0);
