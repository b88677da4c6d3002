import { describe, expect, test } from "bun:test";
import {
  ftruncateSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { byteStringOf } from "../../../ffi/byte-string.ts";
import { type HostFd, takeAndClose } from "../../../ffi/host-fd.ts";
import { F_GETFL, O_ACCMODE, O_NONBLOCK, O_TRUNC } from "../../../ffi/linux.ts";
import { syscalls } from "../../../ffi/syscalls.ts";
import { HostServer } from "../support/host-server.ts";
import { createFifo, createSocket } from "../support/special-files.ts";

const O_APPEND = 0o2000;
const closeOnExec = 1;
const getDescriptorFlags = 1;

function donated(server: HostServer, path: string, flags: number): readonly HostFd[] | string {
  const answer = server.client.call("openAt", { fd: server.walk(path), flags });
  return typeof answer === "string" ? answer : answer.fds;
}

/** As donated(), for exactly one. */
function donatedOne(server: HostServer, path: string, flags: number): HostFd {
  const fds = donated(server, path, flags);
  const [fd] = fds;
  if (typeof fds === "string" || fd === undefined || typeof fd === "string" || fds.length !== 1) {
    throw new Error(`not one descriptor: ${fds}`);
  }
  return fd;
}

describe("opening a regular file", () => {
  test.each([0, 1, 2])("with access mode %p gives the client one nonblocking descriptor with that access", (flags) => {
    using server = new HostServer();
    writeFileSync(server.path("file"), "text");
    const fd = donatedOne(server, "file", flags);
    expect(readlinkSync(`/proc/self/fd/${fd}`)).toBe(server.path("file"));
    const fileFlags = syscalls.fcntl(fd, F_GETFL, 0);
    expect([fileFlags & O_ACCMODE, fileFlags & O_NONBLOCK]).toEqual([flags, O_NONBLOCK]);
    expect(syscalls.fcntl(fd, getDescriptorFlags, 0)).toBe(closeOnExec);
    takeAndClose(fd);
  });

  test("gives the client the same open file, not another", () => {
    using server = new HostServer();
    writeFileSync(server.path("file"), "text");
    const fd = donatedOne(server, "file", 2);
    const setFlags = 4;
    syscalls.fcntl(fd, setFlags, O_APPEND);
    const ours = Array.from({ length: 64 }, (_, number) => number).filter(
      (number) => number !== fd && linkOf(number) === server.path("file"),
    );
    const flags = ours.map((number) => syscalls.fcntl(number, F_GETFL, 0) & O_APPEND);
    expect(flags.filter((flag) => flag === O_APPEND)).toHaveLength(1);
    takeAndClose(fd);
  });

  test("passes on no flags but access mode and O_TRUNC", () => {
    using server = new HostServer();
    writeFileSync(server.path("file"), "text");
    const fd = donatedOne(server, "file", 2 | O_APPEND | 0o100 | 0o200 | 0o40000);
    expect(syscalls.fcntl(fd, F_GETFL, 0) & O_APPEND).toBe(0);
    takeAndClose(fd);
    expect(readFileSync(server.path("file"), "utf8")).toBe("text");
  });

  test("with O_TRUNC empties it", () => {
    using server = new HostServer();
    writeFileSync(server.path("file"), "text");
    takeAndClose(donatedOne(server, "file", 1 | O_TRUNC));
    expect(statSync(server.path("file")).size).toBe(0);
  });

  test("works after it was removed or renamed on the host", () => {
    using server = new HostServer();
    writeFileSync(server.path("file"), "text");
    const fd = server.walk("file");
    unlinkSync(server.path("file"));
    const { openFd } = server.client.expect("openAt", { fd, flags: 0 });
    expect(server.client.expect("pRead", { offset: 0, fd: openFd, count: 10 })).toEqual({ placed: 4 });
  });

  test("shares what is written, whoever writes it", () => {
    using server = new HostServer();
    writeFileSync(server.path("file"), "text");
    const fd = donatedOne(server, "file", 2);
    writeSync(fd, "TEXT", 0);
    ftruncateSync(fd, 3);
    expect(readFileSync(server.path("file"), "utf8")).toBe("TEX");
    takeAndClose(fd);
  });
});

function linkOf(fd: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return "";
  }
}

describe("opening a directory", () => {
  test("gives the client nothing to use by itself", () => {
    using server = new HostServer();
    mkdirSync(server.path("directory"));
    expect(donated(server, "directory", 0)).toEqual([]);
    expect(donated(server, "", 0)).toEqual([]);
  });
});

describe("opening a symlink", () => {
  test("is answered EINVAL, wherever it points", () => {
    using server = new HostServer();
    writeFileSync(server.path("file"), "text");
    symlinkSync("file", server.path("link"));
    expect(donated(server, "link", 0)).toBe("EINVAL");
  });
});

describe("what connections may only open when told to", () => {
  test("is a FIFO: EPERM, and a warning that says how to allow it, once", () => {
    using server = new HostServer();
    createFifo(server.path("fifo"));
    expect([donated(server, "fifo", 0), donated(server, "fifo", 2)]).toEqual(["EPERM", "EPERM"]);
    expect(server.log.entries).toHaveLength(1);
    expect(server.log.entries[0]).toContain("--host-fifo=open");
  });

  test("is a socket: EPERM", () => {
    using server = new HostServer();
    createSocket(server.path("socket"));
    expect(donated(server, "socket", 0)).toBe("EPERM");
    expect(server.log.entries[0]).toContain("--host-uds=open");
  });

  test("is a character device: EPERM", () => {
    using server = new HostServer();
    const other = server.connect("/dev");
    const root = server.mount(other);
    const { inodes } = other.expect("walk", { dirFd: root, path: [byteStringOf("null")] });
    expect(other.call("openAt", { fd: inodes[0]?.controlFd ?? root, flags: 0 })).toBe("EPERM");
    expect(server.log.entries[0]).toContain("--character-device-policy=passthrough");
  });
});

describe("a FIFO that may be opened", () => {
  test("is opened for reading at once, and the client gets it", () => {
    using server = new HostServer({ hostFifo: true });
    createFifo(server.path("fifo"));
    const reader = donatedOne(server, "fifo", 0);
    expect(syscalls.fcntl(reader, F_GETFL, 0) & O_NONBLOCK).toBe(O_NONBLOCK);
    const writer = donatedOne(server, "fifo", 1);
    writeSync(writer, "through");
    const buffer = Buffer.alloc(10);
    expect(readSync(reader, buffer)).toBe(7);
    takeAndClose(reader);
    takeAndClose(writer);
  });
});

describe("a character device that may be opened", () => {
  test("is given to the client", () => {
    using server = new HostServer({ characterDevices: true });
    const other = server.connect("/dev");
    const { inodes } = other.expect("walk", { dirFd: server.mount(other), path: [byteStringOf("zero")] });
    const answer = other.call("openAt", { fd: inodes[0]?.controlFd ?? server.root, flags: 2 });
    if (typeof answer === "string") throw new Error(answer);
    expect(answer.fds.map((fd) => readlinkSync(`/proc/self/fd/${fd}`))).toEqual(["/dev/zero"]);
    expect(other.expect("pRead", { offset: 0, fd: answer.reply.openFd, count: 5 })).toEqual({ placed: 5 });
    for (const fd of answer.fds) takeAndClose(fd);
  });
});

const blockDevice = ["/dev/vda", "/dev/sda", "/dev/loop0", "/dev/nvme0n1"].find((path) => {
  try {
    return statSync(path).isBlockDevice();
  } catch {
    return false;
  }
});

describe("a block device", () => {
  test.skipIf(blockDevice === undefined)("is not served: EPERM, also when only looked at", () => {
    using server = new HostServer({ characterDevices: true });
    const other = server.connect("/dev");
    const dirFd = server.mount(other);
    const path = [byteStringOf((blockDevice ?? "").slice("/dev/".length))];
    expect(other.call("walk", { dirFd, path })).toBe("EPERM");
    expect(other.call("walkStat", { dirFd, path })).toBe("EPERM");
  });
});

describe("a mount point that is donated", () => {
  test("goes along with the reply to mount, and with its opening", () => {
    using server = new HostServer({ donateMountPoint: true });
    const answer = server.client.call("mount", undefined);
    if (typeof answer === "string") throw new Error(answer);
    expect(answer.fds.map((fd) => readlinkSync(`/proc/self/fd/${fd}`))).toEqual([server.directory]);
    for (const fd of answer.fds) takeAndClose(fd);
    const opened = server.client.call("openAt", { fd: answer.reply.root.controlFd, flags: 0 });
    if (typeof opened === "string") throw new Error(opened);
    expect(opened.fds).toHaveLength(1);
    for (const fd of opened.fds) takeAndClose(fd);
  });

  test("is only the mount point: directories below it are not donated", () => {
    using server = new HostServer({ donateMountPoint: true });
    mkdirSync(server.path("directory"));
    expect(donated(server, "directory", 0)).toEqual([]);
  });

  test("may be a file", () => {
    using server = new HostServer({ donateMountPoint: true });
    writeFileSync(server.path("file"), "text");
    const other = server.connect(server.path("file"));
    const answer = other.call("mount", undefined);
    if (typeof answer === "string") throw new Error(answer);
    const [fd] = answer.fds;
    expect(answer.fds).toHaveLength(1);
    const buffer = Buffer.alloc(10);
    expect(fd === undefined ? 0 : readSync(fd, buffer)).toBe(4);
    for (const owned of answer.fds) takeAndClose(owned);
  });
});

describe("a mount point that is not there", () => {
  test("is answered ENOENT", () => {
    using server = new HostServer();
    expect(server.connect(server.path("missing")).call("mount", undefined)).toBe("ENOENT");
  });
});
