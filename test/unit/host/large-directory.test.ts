import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { O_RDONLY } from "../../../ffi/linux.ts";
import type { FdId } from "../../../src/wire/integers.ts";
import { HostServer } from "../support/host-server.ts";

const entryCount = 100_000;
const buildMillisMax = 300_000;

/** What gVisor's client asks for each time. */
const usualCount = 65_536;
const countMax = 2 ** 31 - 1;

/** Of records of 24 bytes, the smallest there are, in the 512 KiB that one reply is made of at most. */
const entriesMax = Math.floor((512 * 1024) / 24);

describe("a directory of 100,000 entries", () => {
  let server: HostServer;

  beforeAll(() => {
    server = new HostServer();
    mkdirSync(server.path("large"));
    for (let entry = 0; entry < entryCount; entry++) {
      closeSync(openSync(server.path("large", entry.toString(36)), "w"));
    }
  }, buildMillisMax);

  afterAll(() => server[Symbol.dispose](), buildMillisMax);

  /** Lists it, while another connection has a request each time; gives the entries of each reply. */
  function list(count: number): number[] {
    const other = server.connect(server.directory);
    const otherRoot: FdId = server.mount(other);
    const dirFd = server.open("large", O_RDONLY);
    const { client } = server;
    const replies: number[] = [];
    for (;;) {
      client.sendOnly(client.encode("getdents64", { dirFd, count }));
      other.sendOnly(other.encode("fStat", { fd: otherRoot }));
      server.server.turn();
      expect(other.isAnswered).toBe(true);
      expect(other.next("fStat")).not.toBeString();
      const answer = client.next("getdents64");
      if (typeof answer === "string") throw new Error(`getdents64 failed: ${answer}`);
      if (answer.reply.entries === 0) break;
      replies.push(answer.reply.entries);
    }
    other[Symbol.dispose]();
    return replies;
  }

  test(
    "is listed a few entries at a time, and other connections are served in between",
    () => {
      const replies = list(usualCount);
      expect(replies.reduce((sum, entries) => sum + entries)).toBe(entryCount);
      expect(Math.max(...replies)).toBeLessThanOrEqual(usualCount / 24);
    },
    buildMillisMax,
  );

  test(
    "is not listed in one go for a client that asks for all of it",
    () => {
      const replies = list(countMax);
      expect(replies.reduce((sum, entries) => sum + entries)).toBe(entryCount);
      expect(Math.max(...replies)).toBeLessThanOrEqual(entriesMax);
    },
    buildMillisMax,
  );
});
