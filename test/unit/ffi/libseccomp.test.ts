import { describe, expect, test } from "bun:test";
import { hasBits, isDescriptor, isInt, Libseccomp, lacksBits, SeccompFailure } from "../../../ffi/libseccomp.ts";
import { currentArchitecture, syscallNumber } from "../../../ffi/machine.ts";
import { TemporaryDirectory } from "../support/temporary-directory.ts";

/** Loads the library that the build has found. */
async function load(): Promise<Libseccomp> {
  const library = await Libseccomp.load();
  if (library instanceof SeccompFailure) throw new Error(library.reason);
  return library;
}

async function failureToLoad(file: string): Promise<string> {
  const library = await Libseccomp.load(file);
  return library instanceof SeccompFailure ? library.reason : "loaded";
}

/** What is mapped of the library. */
async function mappings(): Promise<string[]> {
  return (await Bun.file("/proc/self/maps").text()).split("\n").filter((line) => line.includes("libseccomp"));
}

describe("libseccomp", () => {
  test("is loaded from memory, and not mapped any longer when it is done with", async () => {
    const before = await mappings();
    {
      using library = await load();
      expect(library.numberOf("openat")).toBe(syscallNumber("openat", currentArchitecture()));
      expect((await mappings()).some((line) => line.includes("/memfd:libseccomp"))).toBe(true);
    }
    expect(await mappings()).toEqual(before);
  });

  test("knows the numbers of calls and the names of numbers", async () => {
    using library = await load();
    const architecture = currentArchitecture();
    expect(library.numberOf("futex_waitv")).toBe(syscallNumber("futex_waitv", architecture));
    expect(library.nameOf(syscallNumber("openat", architecture))).toBe("openat");
    expect(library.numberOf("no_such_call")).toBeUndefined();
    expect(library.nameOf(100_000)).toBeUndefined();
    // A call of another architecture: there is such a call, but it has no number here.
    expect(library.numberOf("s390_runtime_instr")).toBeLessThan(0);
  });

  test("says what is wanted when it cannot be loaded", async () => {
    using directory = new TemporaryDirectory();
    const broken = directory.join("libseccomp.so.2");
    expect(await failureToLoad(broken)).toMatch(/^want libseccomp 2\.5 or later: .*ENOENT/);
    await Bun.write(broken, "not a library");
    expect(await failureToLoad(broken)).toMatch(/^want libseccomp 2\.5 or later: ./);
  });
});

describe("tests of arguments", () => {
  test("of an int look at its 32 bits alone", () => {
    expect(isInt(1, 3)).toEqual({ argument: 1, mask: 0xffff_ffffn, value: 3n });
    expect(isInt(1, -1)).toEqual({ argument: 1, mask: 0xffff_ffffn, value: 0xffff_ffffn });
    expect(isInt(1, 0x8000_0000)).toEqual({ argument: 1, mask: 0xffff_ffffn, value: 0x8000_0000n });
  });

  test("of bits look at these alone", () => {
    expect(hasBits(2, 0x1000)).toEqual({ argument: 2, mask: 0x1000n, value: 0x1000n });
    expect(lacksBits(2, 4)).toEqual({ argument: 2, mask: 4n, value: 0n });
    expect(isDescriptor(0)).toEqual({ argument: 0, mask: 0x8000_0000n, value: 0n });
  });
});
