import { describe, expect, test } from "bun:test";
import { Errno } from "../../../ffi/errno.ts";
import type { RequestHandler } from "../../../src/transport/communicator.ts";
import { payloadBytesMax } from "../../../src/wire/limits.ts";
import { messages } from "../../../src/wire/messages.ts";
import { echo, FrameServer, frame, headerOf, payloadText, textOfReply } from "../support/frame-server.ts";

const message = 77;

/** Notes what it was asked, and sends it back. */
function notingEcho(noted: string[]): RequestHandler {
  return (communicator, id, length) => {
    noted.push(`${id}:${payloadText(communicator, length)}`);
    return length;
  };
}

describe("a socket", () => {
  test("serves a request that comes whole", () => {
    using server = new FrameServer();
    const { client } = server.connect(echo);
    client.send(frame(message, "hello"));
    expect(client.receive()).toEqual({ messageId: message, payload: Buffer.from("hello"), fds: [] });
  });

  test("serves a request without a payload", () => {
    using server = new FrameServer();
    const { client } = server.connect(echo);
    client.send(frame(message));
    expect(client.receive().payload).toHaveLength(0);
  });

  test("waits for the rest of a request that comes byte by byte", () => {
    using server = new FrameServer();
    const noted: string[] = [];
    const { client } = server.connect(notingEcho(noted));
    const whole = frame(message, "slowly");
    for (let at = 0; at < whole.length; at++) {
      expect(noted).toEqual([]);
      client.send(whole.subarray(at, at + 1));
    }
    expect(textOfReply(client)).toBe("slowly");
    expect(noted).toEqual(["77:slowly"]);
  });

  test("serves requests that come in one piece one by one, in order", () => {
    using server = new FrameServer();
    const noted: string[] = [];
    const { client } = server.connect(notingEcho(noted));
    const texts = Array.from({ length: 100 }, (_, index) => `request ${index}`);
    client.send(Buffer.concat(texts.map((text) => frame(message, text))));
    expect(texts.map(() => textOfReply(client))).toEqual(texts);
    expect(noted).toHaveLength(100);
  });

  test("serves what is whole of a piece that ends within a request, and the rest when it has come", () => {
    using server = new FrameServer();
    const { client } = server.connect(echo);
    const both = Buffer.concat([frame(message, "first"), frame(message, "second")]);
    for (let cut = frame(message, "first").length + 1; cut < both.length; cut++) {
      client.send(both.subarray(0, cut));
      expect(textOfReply(client)).toBe("first");
      expect(client.isAnswered).toBe(false);
      client.send(both.subarray(cut));
      expect(textOfReply(client)).toBe("second");
    }
  });

  test("keeps requests apart that together are larger than what it takes at a time", () => {
    using server = new FrameServer();
    const { client } = server.connect(echo);
    const sizes = [60_000, 1, 65_528, 5_527, 65_536, 0, 100_000, 8];
    const payloads = sizes.map((size, index) => new Uint8Array(size).fill(index + 1));
    client.send(Buffer.concat(payloads.map((payload) => frame(message, payload))));
    for (const payload of payloads) expect(Buffer.from(client.receive().payload).equals(payload)).toBe(true);
  });

  test("takes and gives the largest payload", () => {
    using server = new FrameServer();
    const { client } = server.connect(echo);
    const payload = new Uint8Array(payloadBytesMax);
    for (let index = 0; index < payload.length; index += 4096) payload[index] = index >> 12;
    client.send(frame(message, payload));
    expect(Buffer.from(client.receive().payload).equals(payload)).toBe(true);
  });

  test("answers a handler's error number by an Error message", () => {
    using server = new FrameServer();
    const { client } = server.connect(() => -Errno.ENOTDIR);
    client.send(frame(message, "?"));
    const { messageId, payload } = client.receive();
    expect([messageId, new DataView(payload.buffer).getUint32(0, true)]).toEqual([messages.error.id, Errno.ENOTDIR]);
  });

  test("lets others have their turn while one has a long row of requests", () => {
    using server = new FrameServer();
    const noted: string[] = [];
    const long = server.connect(notingEcho(noted)).client;
    const short = server.connect(notingEcho(noted)).client;
    // Neither client lets the server turn before both have sent.
    const row = Buffer.concat(Array.from({ length: 200 }, () => frame(1, "long")));
    long.sendOnly(row);
    short.sendOnly(frame(2, "short"));
    for (let turns = 0; turns < 200; turns++) server.turn();
    expect(noted).toHaveLength(201);
    expect(noted.indexOf("2:short")).toBeLessThan(100);
  });
});

describe("a request that is larger than the limit", () => {
  test.each([payloadBytesMax + 1, 16 * 2 ** 20])("of %p bytes is answered EIO, and the connection lives", (bytes) => {
    using server = new FrameServer();
    const { client } = server.connect(echo);
    client.send(headerOf(message, bytes));
    expect(client.isAnswered).toBe(false);
    const part = new Uint8Array(2 ** 20);
    for (let left = bytes; left > 0; left -= part.length) {
      client.send(part.subarray(0, Math.min(left, part.length)));
    }
    const { messageId, payload } = client.receive();
    expect([messageId, payload[0]]).toEqual([messages.error.id, Errno.EIO]);
    client.send(frame(message, "next"));
    expect(textOfReply(client)).toBe("next");
  });

  test("does not swallow what comes behind it in the same piece", () => {
    using server = new FrameServer();
    const noted: string[] = [];
    const { client } = server.connect(notingEcho(noted));
    client.send(
      Buffer.concat([
        headerOf(message, payloadBytesMax + 1),
        new Uint8Array(payloadBytesMax + 1),
        frame(message, "behind"),
        frame(message, "and again"),
      ]),
    );
    expect(client.receive().payload[0]).toBe(Errno.EIO);
    expect([textOfReply(client), textOfReply(client)]).toEqual(["behind", "and again"]);
    expect(noted).toEqual(["77:behind", "77:and again"]);
  });

  test("is seen behind another request in the same piece", () => {
    using server = new FrameServer();
    const { client } = server.connect(echo);
    client.send(
      Buffer.concat([
        frame(message, "before"),
        headerOf(message, payloadBytesMax + 9),
        new Uint8Array(payloadBytesMax + 9),
        frame(message, "behind"),
      ]),
    );
    expect(textOfReply(client)).toBe("before");
    expect(client.receive().payload[0]).toBe(Errno.EIO);
    expect(textOfReply(client)).toBe("behind");
  });

  test.each([payloadBytesMax + 1, 2 ** 28, 2 ** 32 - 8, 2 ** 32 - 1])(
    "and claims %p bytes that never come ends with its connection, while others go on",
    (bytes) => {
      using server = new FrameServer();
      const noted: string[] = [];
      const liar = server.connect(notingEcho(noted));
      const other = server.connect(echo).client;
      liar.client.send(Buffer.concat([headerOf(message, bytes), new Uint8Array(100_000)]));
      other.send(frame(message, "meanwhile"));
      expect(textOfReply(other)).toBe("meanwhile");
      liar.client[Symbol.dispose]();
      expect(liar.session.isEnded).toBe(true);
      other.send(frame(message, "afterwards"));
      expect(textOfReply(other)).toBe("afterwards");
      expect(noted).toEqual([]);
    },
  );
});
