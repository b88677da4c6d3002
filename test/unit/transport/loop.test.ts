import { describe, expect, test } from "bun:test";
import { writeSync } from "node:fs";
import { clearHelperBell, helperBell } from "../../../ffi/helper-thread.ts";
import { futexWordsMax } from "../../../ffi/waiting.ts";
import { channelsMaxHighest, payloadBytesMax } from "../../../src/wire/limits.ts";
import { ChannelClient } from "../support/channel-client.ts";
import { echo, FrameServer, frame, textOfReply } from "../support/frame-server.ts";
import { ServerSubprocess } from "../support/server-subprocess.ts";
import { TemporaryDirectory } from "../support/temporary-directory.ts";

const message = 77;

describe("while there are channels", () => {
  test("sockets are served, those that were there before and those that come later", () => {
    using server = new FrameServer();
    const before = server.connect(echo).client;
    server.openChannel(echo);
    const after = server.connect(echo).client;
    for (const client of [before, after, before, after]) {
      client.send(frame(message, "socket"));
      expect(textOfReply(client)).toBe("socket");
    }
  });

  test("a socket is served that has sent before the server knew it", () => {
    using server = new FrameServer();
    server.openChannel(echo);
    const { client } = server.connect(echo, (early) => early.sendOnly(frame(message, "early")));
    expect(textOfReply(client)).toBe("early");
  });

  test("a socket is served that has sent before the first of them", () => {
    using server = new FrameServer();
    const { client } = server.connect(echo);
    client.sendOnly(frame(message, "early"));
    server.openChannel(echo);
    expect(textOfReply(client)).toBe("early");
  });

  test("a reply goes on that found no room before the first of them", () => {
    using server = new FrameServer();
    const { client } = server.connect(() => payloadBytesMax);
    client.send(frame(message));
    server.openChannel(echo);
    server.turn();
    expect(client.receive().payload).toHaveLength(payloadBytesMax);
  });

  test("a session that ends as they begin ends once", () => {
    using server = new FrameServer();
    const { client, session } = server.connect(echo);
    server.openChannel(echo);
    client.closeOnly();
    server.turn();
    server.turn();
    expect(session.isEnded).toBe(true);
  });

  test("all are served, also those beyond what the kernel can wait on: four for each of 64 mounts", () => {
    using server = new FrameServer();
    const channels = Array.from({ length: 64 * channelsMaxHighest }, () => server.openChannel(echo).client);
    expect(channels.length).toBeGreaterThan(futexWordsMax);
    for (const client of channels) client.connect();
    for (const [index, client] of channels.entries()) {
      client.post(message, `${index}`);
      expect(Buffer.from(client.reply().payload).toString()).toBe(`${index}`);
    }
  });
});

describe("when the last channel is gone", () => {
  test("sockets are served as before", () => {
    using server = new FrameServer();
    const { client } = server.connect(echo);
    const { channel } = server.openChannel(echo);
    server.loop.removeChannel(channel);
    client.send(frame(message, "socket"));
    expect(textOfReply(client)).toBe("socket");
  });
});

/** Rings as a helper thread does, or the handler of a signal. */
function ringBell(): void {
  writeSync(helperBell(), Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0));
}

describe("the helper threads' bell", () => {
  test("is heard while a socket always has more to do", () => {
    using server = new FrameServer();
    let rung = 0;
    server.loop.onBell(() => rung++);
    let served = 0;
    const { client } = server.connect((_communicator, _message, length) => {
      served++;
      return length;
    });
    const rows = 200;
    client.sendOnly(Buffer.concat(Array.from({ length: rows }, () => frame(message))));
    clearHelperBell();
    server.turn();
    ringBell();
    server.turn();
    expect(rung).toBe(1);
    expect(served).toBeLessThan(rows);
  });
});

describe("stop()", () => {
  test("ends all sessions, and run() with them", async () => {
    using server = new FrameServer();
    const sessions = [server.connect(echo).session, server.connect(echo).session];
    server.loop.onBell(() => server.loop.stop());
    ringBell();
    await server.loop.run();
    expect(sessions.map(({ isEnded }) => isEnded)).toEqual([true, true]);
  });

  test("does not wait for handlers that are at work", async () => {
    using server = new FrameServer();
    const { session } = server.connect(echo);
    server.loop.countOutstanding(1);
    server.loop.onBell(() => server.loop.stop());
    ringBell();
    await server.loop.run();
    expect(session.isEnded).toBe(true);
  });
});

/** Turns of a loop that a request, or coming and going, may take. */
const turnsPerRequest = 8;

describe("a server that sleeps", () => {
  test("is woken by a socket", async () => {
    using directory = new TemporaryDirectory();
    await using server = new ServerSubprocess(directory.path);
    const { controlFd } = server.client.expect("mount", undefined).root;
    for (let request = 0; request < 10; request++) server.client.expect("fStat", { fd: controlFd });
    const { turns } = await server.end();
    expect(turns).toBeLessThan(12 * turnsPerRequest);
  });

  test.each([
    ["as it is", {}],
    ["without futex_waitv()", { BUN_GOFER_WITHOUT_FUTEX_WAITV: "1" }],
  ])(
    "on a kernel %s is woken by a channel, and by a socket beside it; does nothing meanwhile",
    async (_how, environment) => {
      using directory = new TemporaryDirectory();
      await using server = new ServerSubprocess(directory.path, {}, environment);
      const { controlFd } = server.client.expect("mount", undefined).root;
      using channel = ChannelClient.open(server.client);
      for (let request = 0; request < 10; request++) {
        expect(channel.call("fStat", { fd: controlFd })).not.toBeString();
        server.client.expect("fStat", { fd: controlFd });
        // Idle for a moment: a server that looked around all the while would turn thousands of times.
        Bun.sleepSync(40);
      }
      const { turns } = await server.end();
      expect(turns).toBeLessThan(24 * turnsPerRequest);
    },
  );
});
