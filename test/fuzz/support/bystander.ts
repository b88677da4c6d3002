import type { FdId } from "../../../src/wire/integers.ts";
import type { Statx } from "../../../src/wire/statx.ts";
import type { TestClient } from "../../unit/support/client.ts";

/** A client that wants nothing but the attributes of its mount point, and always the same ones. */
export class Bystander {
  readonly #client: TestClient;
  readonly #root: FdId;
  readonly #expected: string;
  /** Of all looks so far. */
  longestWaitMillis = 0;
  looks = 0;

  /** Borrows a client and mounts. */
  constructor(client: TestClient) {
    this.#client = client;
    const { root } = client.expect("mount", undefined);
    this.#root = root.controlFd;
    this.#expected = essenceOf(root.stat);
  }

  /** Asks once, and gives what is wrong with the answer; undefined when nothing is. */
  look(): string | undefined {
    const start = performance.now();
    const answer = this.#client.call("fStat", { fd: this.#root });
    this.longestWaitMillis = Math.max(this.longestWaitMillis, performance.now() - start);
    this.looks++;
    const got = typeof answer === "string" ? answer : essenceOf(answer.reply);
    return got === this.#expected ? undefined : `the bystander got ${got}, not ${this.#expected}`;
  }
}

/** What never changes. */
function essenceOf({ ino, mode, uid, gid, size, mtimeSec, mtimeNsec, devMajor, devMinor }: Statx): string {
  return `inode ${devMajor}:${devMinor}:${ino}, ${mode.toString(8)} ${uid}:${gid}, ${size} bytes of ${mtimeSec}.${mtimeNsec}`;
}
