import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { takeAndClose } from "../../../ffi/host-fd.ts";
import { SOCK_STREAM } from "../../../ffi/linux.ts";
import { createSocketPair } from "../../../ffi/sockets.ts";
import { MountsPipe } from "../../../src/gofer/mounts-pipe.ts";
import { reasonOf, successOf } from "./support/reason-of.ts";

/** A pipe and what was written to it until it was closed. */
function pipe() {
  const pair = createSocketPair(SOCK_STREAM);
  if ("errno" in pair) throw new Error(String(pair));
  const [ours, theirs] = pair;
  return {
    pipe: new MountsPipe(ours),
    read(): string {
      const text = readFileSync(theirs, "utf8");
      takeAndClose(theirs);
      return text;
    },
    close: () => takeAndClose(theirs),
  };
}

describe("MountsPipe", () => {
  test("send() writes the list and closes the pipe; a complaint comes too late then", () => {
    const { pipe: mounts, read } = pipe();
    expect(successOf(mounts.send([{ destination: "/a", unknown: 1 }]))).toBeUndefined();
    mounts.complain("too late");
    expect(JSON.parse(read())).toEqual([{ destination: "/a", unknown: 1 }]);
  });

  test("complain() writes text that is no JSON and closes the pipe", () => {
    const { pipe: mounts, read } = pipe();
    mounts.complain("bun-gofer: no good");
    mounts.complain("again");
    expect(read()).toBe("bun-gofer: no good\n");
  });

  test("send() fails when nobody reads", () => {
    const { pipe: mounts, close } = pipe();
    close();
    expect(reasonOf(mounts.send([]))).toStartWith("peer: ");
  });

  test("complain() does nothing without a pipe", () => {
    expect(new MountsPipe(undefined).complain("nobody hears")).toBeUndefined();
  });
});
