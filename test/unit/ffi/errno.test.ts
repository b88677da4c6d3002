import { describe, expect, test } from "bun:test";
import { constants } from "node:os";
import { Errno, errnoName, Failure, fail, outcomeOf, resultOf } from "../../../ffi/errno.ts";

describe("Errno", () => {
  test("has Linux's numbers", () => {
    const known: Readonly<Record<string, number>> = { ...constants.errno, EREMOTEIO: 121 };
    for (const [name, errno] of Object.entries(Errno)) expect([name, known[name]]).toEqual([name, errno]);
  });
});

describe("errnoName()", () => {
  test("gives the symbol, or the number where there is none", () => {
    expect(errnoName(2)).toBe("ENOENT");
    expect(errnoName(121)).toBe("EREMOTEIO");
    expect([errnoName(11), errnoName(95)]).toEqual(["EAGAIN", "EOPNOTSUPP"]);
    expect([errnoName(0), errnoName(41), errnoName(4000)]).toEqual(["errno 0", "errno 41", "errno 4000"]);
  });

  test("has a symbol for each number that Node has one for", () => {
    const others: Readonly<Record<string, string>> = { EWOULDBLOCK: "EAGAIN", ENOTSUP: "EOPNOTSUPP" };
    for (const [name, errno] of Object.entries(constants.errno)) expect(errnoName(errno)).toBe(others[name] ?? name);
  });
});

describe("fail()", () => {
  test("has one failure for each number", () => {
    expect(fail(Errno.EIO)).toBe(fail(Errno.EIO));
    expect(fail(Errno.EIO)).not.toBe(fail(Errno.ENOENT));
    expect(String(fail(Errno.EIO))).toBe("EIO");
  });

  test.each([-1, 4096, 1.5, Number.NaN])("throws at %p, which is no error number", (errno) => {
    expect(() => fail(errno)).toThrow("not an error number");
  });
});

describe("what a system call returned", () => {
  test("is a failure when it is negative", () => {
    expect(resultOf(-Errno.EPERM)).toBe(fail(Errno.EPERM));
    expect(outcomeOf(-Errno.EPERM)).toBe(fail(Errno.EPERM));
  });

  test("is the number itself, or nothing, when it is not", () => {
    expect(resultOf(0)).toBe(0);
    expect(resultOf(7)).toBe(7);
    expect(outcomeOf(7)).toBeUndefined();
    expect(resultOf(0)).not.toBeInstanceOf(Failure);
  });
});
