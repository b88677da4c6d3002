import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { byteStringOf } from "../../../ffi/byte-string.ts";
import { takeAndClose } from "../../../ffi/host-fd.ts";
import type { FdId } from "../../../src/wire/integers.ts";
import { noId } from "../../../src/wire/records.ts";
import { ServerSubprocess } from "../support/server-subprocess.ts";
import { TemporaryDirectory } from "../support/temporary-directory.ts";

/** A server that may do no more than anybody, also when the tests run as root. */
class UnprivilegedServer implements AsyncDisposable {
  readonly directory = new TemporaryDirectory();
  readonly server: ServerSubprocess;
  readonly client: ServerSubprocess["client"];
  readonly root: FdId;

  constructor() {
    chmodSync(this.directory.path, 0o777);
    this.server = new ServerSubprocess(this.directory.path, process.getuid?.() === 0 ? { uid: 65534 } : {});
    this.client = this.server.client;
    this.root = this.client.expect("mount", undefined).root.controlFd;
  }

  walk(name: string): FdId {
    const { inodes } = this.client.expect("walk", { dirFd: this.root, path: [byteStringOf(name)] });
    return inodes[0]?.controlFd ?? (0 as FdId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    this.directory[Symbol.dispose]();
  }
}

describe("what cannot be given to the owner asked for", () => {
  test.each(["openCreateAt", "mkdirAt", "mknodAt", "symlinkAt"] as const)(
    "by %s is not left behind",
    async (message) => {
      await using server = new UnprivilegedServer();
      const request = { dirFd: server.root, uid: 0, gid: 0, mode: 0o100600, name: byteStringOf("new") };
      const rest = { flags: 0, minor: 0, major: 0, linkTarget: byteStringOf("x") };
      expect(server.client.call(message, { ...request, ...rest } as never)).toBe("EPERM");
      expect(readdirSync(server.directory.path)).toEqual([]);
    },
  );
});

describe("a file that may not be read", () => {
  test("can be walked to and looked at, but not opened", async () => {
    await using server = new UnprivilegedServer();
    const { client } = server;
    writeFileSync(server.directory.join("file"), "secret");
    chmodSync(server.directory.join("file"), 0o000);
    const fd = server.walk("file");
    expect(client.expect("fStat", { fd }).size).toBe(6);
    expect(client.call("openAt", { fd, flags: 0 })).toBe("EACCES");
    expect(client.call("fGetXattr", { fd, bufferBytes: 0, name: byteStringOf("user.x") })).toBe("EBADF");
  });

  test("can be opened for writing where that is allowed", async () => {
    await using server = new UnprivilegedServer();
    const request = { dirFd: server.root, uid: noId, gid: noId, mode: 0o200, name: byteStringOf("new") };
    const created = server.client.call("openCreateAt", { ...request, flags: 1 });
    if (typeof created === "string") throw new Error(created);
    for (const fd of created.fds) takeAndClose(fd);
    const fd = server.walk("new");
    expect(server.client.expect("openAt", { fd, flags: 1 }).openFd).toBeGreaterThan(0);
  });
});

describe("a directory that may not be entered", () => {
  test("has nothing to walk to: EACCES", async () => {
    await using server = new UnprivilegedServer();
    mkdirSync(server.directory.join("closed"));
    writeFileSync(server.directory.join("closed/file"), "x");
    chmodSync(server.directory.join("closed"), 0o000);
    const path = ["closed", "file"].map(byteStringOf);
    expect(server.client.call("walk", { dirFd: server.root, path })).toBe("EACCES");
    expect(server.client.call("walkStat", { dirFd: server.root, path })).toBe("EACCES");
    chmodSync(server.directory.join("closed"), 0o700);
  });
});
