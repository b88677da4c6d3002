import { describe, expect, test } from "bun:test";
import { Errno, Failure, fail } from "../../../ffi/errno.ts";
import { FdTable } from "../../../src/server/fd-table.ts";
import type { AnyFd } from "../../../src/server/fds.ts";
import type { FdId } from "../../../src/wire/integers.ts";

/** As much of an FD as the table uses. */
class CountedFd {
  released = 0;
  release(): void {
    this.released++;
  }
}

function counted(): AnyFd & CountedFd {
  return new CountedFd() as unknown as AnyFd & CountedFd;
}

describe("FdTable", () => {
  test("finds an FD by the ID that it was given", () => {
    const table = new FdTable();
    const fds = [counted(), counted(), counted()];
    const ids = fds.map((fd) => table.insert(fd));
    expect(new Set(ids).size).toBe(3);
    expect(ids.map((id) => table.lookUp(id))).toEqual(fds);
  });

  test("never gives out ID 0, which names none", () => {
    const table = new FdTable();
    expect(table.insert(counted())).toBeGreaterThan(0);
    expect(table.lookUp(0 as FdId)).toBe(fail(Errno.EBADF));
  });

  test.each([1, 2, 77, 2 ** 32, 2 ** 32 + 1, 2 ** 53, 2 ** 64, 1.5])("answers EBADF to ID %p, never given", (id) => {
    expect(new FdTable().lookUp(id as FdId)).toBe(fail(Errno.EBADF));
  });

  test("gives the client's reference back when it closes, once", () => {
    const table = new FdTable();
    const fd = counted();
    const id = table.insert(fd);
    table.close(id);
    table.close(id);
    expect(fd.released).toBe(1);
    expect(table.lookUp(id)).toBe(fail(Errno.EBADF));
  });

  test("passes over an ID that it does not know", () => {
    const table = new FdTable();
    const fd = counted();
    const id = table.insert(fd);
    for (const unknown of [0, id + 1, id + 2 ** 32, 2 ** 64]) table.close(unknown as FdId);
    expect(fd.released).toBe(0);
    expect(table.lookUp(id)).toBe(fd);
  });

  test("uses a place again, but never an ID", () => {
    const table = new FdTable();
    const seen = new Set<FdId>();
    for (let round = 0; round < 1000; round++) {
      const id = table.insert(counted());
      seen.add(id);
      table.close(id);
    }
    expect(seen.size).toBe(1000);
    expect([...seen].every((id) => Number.isSafeInteger(id))).toBe(true);
    for (const id of seen) expect(table.lookUp(id)).toBe(fail(Errno.EBADF));
  });

  test("gives up a place that has no IDs left, and goes on with another", () => {
    const table = new FdTable();
    const generations = 2 ** 20;
    const fd = counted();
    let last = 0;
    for (let round = 0; round < generations; round++) {
      last = table.insert(fd);
      table.close(last as FdId);
    }
    expect(Number.isSafeInteger(last)).toBe(true);
    const next = table.insert(fd);
    expect(next).toBeLessThan(2 ** 32);
    expect(table.lookUp(next)).toBe(fd);
    expect(table.lookUp(last as FdId)).toBeInstanceOf(Failure);
  });

  test("gives all references back at the end", () => {
    const table = new FdTable();
    const fds = Array.from({ length: 5 }, counted);
    const ids = fds.map((fd) => table.insert(fd));
    table.close(ids[2] as FdId);
    table.closeAll();
    expect(fds.map(({ released }) => released)).toEqual([1, 1, 1, 1, 1]);
    for (const id of ids) expect(table.lookUp(id)).toBe(fail(Errno.EBADF));
  });

  test("knows each connection's IDs apart", () => {
    const id = new FdTable().insert(counted());
    expect(new FdTable().lookUp(id)).toBe(fail(Errno.EBADF));
  });
});
