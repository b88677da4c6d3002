import { describe, expect, test } from "bun:test";
import { fstatSync } from "node:fs";
import { allocateStaticMemory, memory } from "../../../ffi/arena.ts";
import type { ByteString } from "../../../ffi/byte-string.ts";
import { Errno, Failure, fail } from "../../../ffi/errno.ts";
import { openAt } from "../../../ffi/files.ts";
import { type HostFd, OwnedFd, takeAndClose, workingDirectory } from "../../../ffi/host-fd.ts";
import { MSG_DONTWAIT, O_CLOEXEC, O_RDONLY, SOCK_SEQPACKET, SOCK_STREAM } from "../../../ffi/linux.ts";
import {
  createSocketPair,
  messageFdsMax,
  type ReceivedMessage,
  receiveInto,
  receiveMessageInto,
  sendFrom,
} from "../../../ffi/sockets.ts";
import { syscalls } from "../../../ffi/syscalls.ts";
import { openDescriptors } from "../support/host-server.ts";
import { must } from "../support/results.ts";

const at = allocateStaticMemory(4096);

class Pair implements Disposable {
  readonly left: HostFd;
  readonly right: HostFd;

  constructor(type: number) {
    [this.left, this.right] = must(createSocketPair(type));
  }

  [Symbol.dispose](): void {
    takeAndClose(this.left);
    takeAndClose(this.right);
  }
}

function send(socket: HostFd, text: string, fds: readonly HostFd[] = []): number {
  memory.buffer.write(text, at, "latin1");
  return must(sendFrom(socket, at, text.length, fds, MSG_DONTWAIT));
}

function received(length: number): string {
  return memory.buffer.toString("latin1", at, at + length);
}

function receiveMessage(socket: HostFd): ReceivedMessage {
  return must(receiveMessageInto(socket, at, 4096));
}

function openFile(path: string): HostFd {
  return must(openAt(workingDirectory, path as ByteString, O_RDONLY | O_CLOEXEC));
}

describe("sendFrom() and receiveInto()", () => {
  test("carry bytes over a stream, as many as asked for at a time", () => {
    using pair = new Pair(SOCK_STREAM);
    expect(send(pair.left, "hello")).toBe(5);
    expect(receiveInto(pair.right, at, 3)).toBe(3);
    expect(received(3)).toBe("hel");
    expect(receiveInto(pair.right, at, 3)).toBe(2);
    expect(received(2)).toBe("lo");
  });

  test("answer EAGAIN when there is nothing, and 0 at the end of the stream", () => {
    const [left, right] = must(createSocketPair(SOCK_STREAM));
    using owned = new OwnedFd(left);
    expect(receiveInto(owned.borrow(), at, 1)).toBe(fail(Errno.EAGAIN));
    takeAndClose(right);
    expect(receiveInto(owned.borrow(), at, 1)).toBe(0);
  });

  test("answer EPIPE, and raise no signal, when the peer is gone", () => {
    const [left, right] = must(createSocketPair(SOCK_STREAM));
    using owned = new OwnedFd(left);
    takeAndClose(right);
    expect(sendFrom(owned.borrow(), at, 1, [], MSG_DONTWAIT)).toBe(fail(Errno.EPIPE));
  });

  test("make sockets that are not inherited", () => {
    using pair = new Pair(SOCK_STREAM);
    const getDescriptorFlags = 1;
    const closeOnExec = 1;
    expect(syscalls.fcntl(pair.left, getDescriptorFlags, 0)).toBe(closeOnExec);
    expect(syscalls.fcntl(pair.right, getDescriptorFlags, 0)).toBe(closeOnExec);
  });
});

describe("descriptors in messages", () => {
  test.each([0, 1, 2, messageFdsMax])("%p of them arrive in order, as descriptors of the receiver's own", (count) => {
    using pair = new Pair(SOCK_STREAM);
    const files = ["/dev/null", "/dev/zero", "/dev/full", "/"].slice(0, count).map(openFile);
    const inodes = files.map((fd) => fstatSync(fd).ino);
    send(pair.left, "x", files);
    for (const fd of files) takeAndClose(fd);
    const { bytes, fds } = receiveMessage(pair.right);
    expect(bytes).toBe(1);
    expect(fds.map((fd) => fstatSync(fd).ino)).toEqual(inodes);
    const closeOnExec = 1;
    for (const fd of fds) {
      expect(syscalls.fcntl(fd, 1, 0)).toBe(closeOnExec);
      takeAndClose(fd);
    }
  });

  test("more than the limit are a bug of the caller's", () => {
    using pair = new Pair(SOCK_STREAM);
    const fds = Array.from({ length: messageFdsMax + 1 }, () => pair.left);
    expect(() => sendFrom(pair.left, at, 1, fds, MSG_DONTWAIT)).toThrow(`at most ${messageFdsMax}`);
  });

  test("come with a message without bytes where messages are kept apart", () => {
    using pair = new Pair(SOCK_SEQPACKET);
    using file = new OwnedFd(openFile("/dev/null"));
    expect(sendFrom(pair.left, at, 0, [file.borrow()], MSG_DONTWAIT)).toBe(0);
    const { bytes, fds } = receiveMessage(pair.right);
    expect([bytes, fds.length]).toEqual([0, 1]);
    for (const fd of fds) takeAndClose(fd);
  });

  test("that nobody asked for are closed by the kernel", () => {
    using pair = new Pair(SOCK_STREAM);
    using file = new OwnedFd(openFile("/dev/null"));
    send(pair.left, "x", [file.borrow(), file.borrow()]);
    const before = openDescriptors();
    expect(receiveInto(pair.right, at, 1)).toBe(1);
    expect(openDescriptors()).toEqual(before);
  });

  test("do not stick to the next message", () => {
    using pair = new Pair(SOCK_SEQPACKET);
    using file = new OwnedFd(openFile("/dev/null"));
    send(pair.left, "one", [file.borrow()]);
    send(pair.left, "two");
    const first = receiveMessage(pair.right);
    expect(first.fds).toHaveLength(1);
    for (const fd of first.fds) takeAndClose(fd);
    expect(receiveMessage(pair.right)).toEqual({ bytes: 3, fds: [] });
  });

  test("one that is not open fails the whole message", () => {
    using pair = new Pair(SOCK_STREAM);
    expect(sendFrom(pair.left, at, 1, [9999 as HostFd], MSG_DONTWAIT)).toBe(fail(Errno.EBADF));
    expect(receiveMessageInto(pair.right, at, 1)).toBeInstanceOf(Failure);
  });
});
