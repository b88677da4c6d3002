import { describe, expect, test } from "bun:test";
import { Errno, fail } from "../../../ffi/errno.ts";
import type { Claim, Extension, MountRequest } from "../../../src/extension/extension.ts";
import { claimOf } from "../../../src/gofer/claims.ts";
import { hostConnectionOptions } from "../../../src/host/connection.ts";
import { logLines } from "./support/log-lines.ts";
import { reasonOf } from "./support/reason-of.ts";

const spec = { root: { path: "/r", readonly: false }, annotations: new Map([["kind", "tape"]]) };
const mount = { destination: "/data", source: "/host/data", type: "bind", options: ["ro"] };
const data: MountRequest = { spec, mount, mountPath: "/data", readonly: true };
const containerRoot: MountRequest = { spec, mount: undefined, mountPath: "/", readonly: false };

function newClaim(): Claim {
  return {
    connection: { mount: () => fail(Errno.EIO), supportedMessages: [], messageBytesMax: 0 },
    options: hostConnectionOptions(true),
  };
}

/** An extension that answers as told and notes what it was asked. */
function extensionNamed(name: string, answer: Extension["tryHandleMount"]) {
  const asked: MountRequest[] = [];
  const tryHandleMount = (request: MountRequest) => {
    asked.push(request);
    return answer(request);
  };
  return { name, tryHandleMount, asked };
}

const declining = () => extensionNamed("declining", () => undefined);

describe("claimOf()", () => {
  test("leaves the mount to the stock backend when there is no extension, and when all decline", async () => {
    expect(await claimOf(data, [], logLines().log)).toBeUndefined();
    expect(await claimOf(data, [declining(), declining()], logLines().log)).toBeUndefined();
  });

  test("asks in the order of registration and stops at the first that accepts", async () => {
    const claim = newClaim();
    const extensions = [declining(), extensionNamed("tape", () => claim), extensionNamed("late", () => newClaim())];
    const { log, lines } = logLines();
    expect(await claimOf(data, extensions, log)).toBe(claim);
    expect(extensions.map(({ asked }) => asked.length)).toEqual([1, 1, 0]);
    expect(lines).toEqual(["info: extension tape claims /data"]);
  });

  test("waits for an extension that answers later", async () => {
    const claim = newClaim();
    const extensions = [extensionNamed("slow", () => Promise.resolve(claim)), extensionNamed("late", () => newClaim())];
    expect(await claimOf(data, extensions, logLines().log)).toBe(claim);
  });

  test("shows the spec, the mount, its path and whether it is read-only; the root is no mount of the spec", async () => {
    const extension = declining();
    await claimOf(data, [extension], logLines().log);
    await claimOf(containerRoot, [extension], logLines().log);
    expect(extension.asked).toEqual([data, containerRoot]);
  });

  test("never asks about /dev", async () => {
    const extension = extensionNamed("greedy", () => newClaim());
    const devices: MountRequest = { ...data, mountPath: "/dev" };
    expect(await claimOf(devices, [extension], logLines().log)).toBeUndefined();
    expect(extension.asked).toEqual([]);
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("no bucket");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no bucket"))],
  ])("an extension that %s is named with its mount, and no other is asked", async (_, answer) => {
    const after = extensionNamed("after", () => newClaim());
    const outcome = await claimOf(data, [extensionNamed("s3", answer), after], logLines().log);
    expect(reasonOf(outcome)).toBe("extension: extension s3 for /data: no bucket");
    expect(after.asked).toEqual([]);
  });
});
