import { describe, expect, test } from "bun:test";
import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { allocateStaticMemory, memory } from "../../../ffi/arena.ts";
import { setNonblocking } from "../../../ffi/files.ts";
import { assumeOpen, type HostFd, takeAndClose } from "../../../ffi/host-fd.ts";
import { MS_BIND, MS_RDONLY, SOCK_STREAM } from "../../../ffi/linux.ts";
import { createSocketPair, sendFrom } from "../../../ffi/sockets.ts";
import { MountOpener } from "../../../src/gofer/open-mount.ts";
import type { SpecMount } from "../../../src/gofer/spec.ts";
import { must } from "../support/results.ts";
import { reasonOf, successOf } from "./support/reason-of.ts";

const mapping = [{ containerID: 0, hostID: 1000, size: 1 }];
const document = {
  destination: "/data",
  type: "bind",
  source: "/source",
  options: ["rbind"],
  uidMappings: mapping,
  gidMappings: mapping,
};
const wanted: SpecMount = {
  destination: "/data",
  type: "bind",
  source: "/source",
  options: ["rbind"],
  idMapped: true,
  document,
};

const success = '{"success":true,"err":"","result":{}}';
const text = allocateStaticMemory(4096);

/** A connection whose replies are sent before they are asked for: it keeps them. */
class Peer implements Disposable {
  readonly opener: MountOpener;
  readonly #end: HostFd;
  readonly #descriptorsBefore = openDescriptors();
  #closed = false;

  constructor() {
    const [ours, theirs] = must(createSocketPair(SOCK_STREAM));
    must(setNonblocking(theirs));
    this.#end = ours;
    this.opener = new MountOpener(theirs);
  }

  /** Sends part of a reply with `count` descriptors. */
  send(part: string, count = 0): this {
    const files = Array.from({ length: count }, () => assumeOpen(openSync("/dev/null", "r")));
    const length = memory.buffer.write(part, text);
    expect(sendFrom(this.#end, text, length, files, 0)).toBe(length);
    for (const file of files) closeSync(file);
    return this;
  }

  /** Everything that was asked so far. */
  read(): string {
    const bytes = Buffer.alloc(65536);
    return bytes.toString("utf8", 0, readSync(this.#end, bytes));
  }

  /** Lets a process have our end, which reads requests from its standard input and answers on its standard output. */
  handTo(command: string[]): Bun.Subprocess {
    const process = Bun.spawn(command, { stdio: [this.#end, this.#end, "ignore"] });
    this.hangUp();
    return process;
  }

  hangUp(): this {
    if (!this.#closed) takeAndClose(this.#end);
    this.#closed = true;
    return this;
  }

  /** Fails when a descriptor is left open. */
  [Symbol.dispose](): void {
    this.opener[Symbol.dispose]();
    this.hangUp();
    expect(openDescriptors()).toEqual(this.#descriptorsBefore);
  }
}

/** But for the one that reads the directory. */
function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

describe("open()", () => {
  test("asks for the mount as the spec has it, and gives the descriptor that comes", () => {
    using peer = new Peer();
    peer.send(success, 1);
    const opened = successOf(peer.opener.open(wanted, MS_BIND | MS_RDONLY));
    expect(JSON.parse(peer.read())).toEqual({
      method: "goferToHostRPC.OpenMount",
      arg: { Mount: document, Flags: MS_BIND | MS_RDONLY },
    });
    takeAndClose(opened);
  });

  test("asks anew for each mount", () => {
    using peer = new Peer();
    for (const _turn of [1, 2]) takeAndClose(successOf(peer.send(success, 1).opener.open(wanted, 0)));
  });

  test("sends flags as the unsigned number that they are", () => {
    using peer = new Peer();
    takeAndClose(successOf(peer.send(success, 1).opener.open(wanted, 0x8000_0001 | 0)));
    expect(JSON.parse(peer.read()).arg.Flags).toBe(0x8000_0001);
  });

  test("puts a reply together that comes in parts", () => {
    using peer = new Peer();
    // The second part is not merged with the first: it has no descriptor.
    peer.send(success.slice(0, 1), 1).send(success.slice(1, 20)).send(success.slice(20));
    takeAndClose(successOf(peer.opener.open(wanted, 0)));
  });

  test.each([
    ["runsc cannot open it", '{"success":false,"err":"permission denied"}', 0, "mountSource: ", "permission denied"],
    ["runsc does not say why", '{"success":false,"err":""}', 0, "mountSource: ", "no reason given"],
    ["a failure comes with a descriptor", '{"success":false,"err":"no"}', 1, "mountSource: ", "no"],
    ["no descriptor comes", success, 0, "peer: ", "unexpected reply from runsc: 0 descriptors, want 1"],
    ["two descriptors come", success, 2, "peer: ", "unexpected reply from runsc: 2 descriptors, want 1"],
    ["something else comes", "hello", 1, "peer: ", "unexpected reply from runsc: not a JSON object"],
  ])("fails when %s, and keeps no descriptor", (_what, reply, descriptors, exit, reason) => {
    using peer = new Peer();
    const opened = peer.send(reply, descriptors).opener.open(wanted, 0);
    expect(reasonOf(opened)).toBe(`${exit}cannot have /source opened by runsc: ${reason}`);
  });

  test("fails when runsc ends the connection halfway through the reply", async () => {
    using peer = new Peer();
    const script = `dd bs=65536 count=1 >/dev/null 2>&1; printf '%s' '{"success":'`;
    const process = peer.handTo(["sh", "-c", script]);
    const reason = "runsc ended the connection in place of a reply";
    expect(reasonOf(peer.opener.open(wanted, 0))).toBe(`peer: cannot have /source opened by runsc: ${reason}`);
    expect(await process.exited).toBe(0);
  });

  test("fails when runsc has gone", () => {
    using peer = new Peer();
    const reason = "peer: cannot have /source opened by runsc: cannot send the request: EPIPE";
    expect(reasonOf(peer.hangUp().opener.open(wanted, 0))).toBe(reason);
  });

  test("fails for a descriptor that is not open", () => {
    const opener = new MountOpener(assumeOpen(999_999));
    expect(reasonOf(opener.open(wanted, 0))).toContain("--rpc-fd cannot be used: EBADF");
  });

  test("fails when there is nobody to ask", () => {
    using opener = new MountOpener(undefined);
    expect(reasonOf(opener.open(wanted, 0))).toBe("usage: cannot have /source opened by runsc: there is no --rpc-fd");
  });
});
