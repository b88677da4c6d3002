import { describe, expect, test } from "bun:test";
import { booleanFlag, choiceFlag, descriptorListFlag, numberFlag, textFlag } from "../../../src/gofer/flag-types.ts";
import { type Arity, readFlags, splitFlags } from "../../../src/gofer/flags.ts";
import { reasonOf, successOf } from "./support/reason-of.ts";

function arityOf(name: string): Arity {
  if (name === "b") return "alone";
  return name === "v" ? "with value" : "unknown";
}

function split(...words: string[]) {
  const { flags, rest } = successOf(splitFlags(words, arityOf, "gofer"));
  return [flags.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`)), rest];
}

describe("splitFlags()", () => {
  test.each<[words: string[], flags: string[], rest: string[]]>([
    [[], [], []],
    [["-v", "1", "--v", "2", "-v=3", "--v=4"], ["v=1", "v=2", "v=3", "v=4"], []],
    [["-b", "--b", "x"], ["b", "b"], ["x"]],
    [["-b=false", "x", "-b"], ["b=false"], ["x", "-b"]],
    [["--v", "-b", "x"], ["v=-b"], ["x"]],
    [["--v=a=b"], ["v=a=b"], []],
    [["--v=", "x"], ["v="], ["x"]],
    [["--b", "--", "--b"], ["b"], ["--b"]],
    [["-", "-b"], [], ["-", "-b"]],
  ])("%j gives the flags %j and leaves %j", (words, flags, rest) => {
    expect(split(...words)).toEqual([flags, rest]);
  });

  test.each<[words: string[], flags: string[], rest: string[]]>([
    [["--new", "value", "gofer"], ["new=value"], ["gofer"]],
    [["--new", "gofer", "x"], ["new"], ["gofer", "x"]],
    [["--new", "--b", "gofer"], ["new", "b"], ["gofer"]],
    [["--new"], ["new"], []],
  ])("a flag of unknown arity in %j gives %j and leaves %j", (words, flags, rest) => {
    expect(split(...words)).toEqual([flags, rest]);
  });

  test.each(["---v", "-=x", "--=x"])("refuses the word %j", (word) => {
    expect(reasonOf(splitFlags([word], arityOf))).toBe(`usage: bad flag syntax: ${word}`);
  });

  test("refuses a flag whose value is missing", () => {
    expect(reasonOf(splitFlags(["-v"], arityOf))).toBe("usage: flag needs a value: -v");
  });
});

describe("readFlags()", () => {
  const table = {
    flag: booleanFlag(true),
    text: textFlag("initial"),
    number: numberFlag(7, undefined),
    list: descriptorListFlag,
    choice: choiceFlag(new Map([["one", 1]]), 0),
  };

  function read(...words: string[]) {
    const { flags } = successOf(splitFlags(words, () => "unknown"));
    return readFlags(table, flags);
  }

  test("gives initial values to flags that do not stand there", () => {
    expect(successOf(read()).values).toEqual({ flag: true, text: "initial", number: 7, list: [], choice: 0 });
  });

  test("lets the last value count, and gathers lists", () => {
    const { values } = successOf(read("--text=a", "--text=b", "--list=4,5", "--list=6"));
    expect(values.text).toBe("b");
    expect(values.list.map(Number)).toEqual([4, 5, 6]);
  });

  test("hands back flags that are not in the table", () => {
    expect(successOf(read("--new=1", "--text=x")).unknown).toEqual([{ name: "new", value: "1", assigned: true }]);
  });

  test.each(["1", "t", "T", "true", "TRUE", "True"])("takes %j for true", (word) => {
    expect(successOf(read(`--flag=${word}`)).values.flag).toBe(true);
  });

  test.each(["0", "f", "F", "false", "FALSE", "False"])("takes %j for false", (word) => {
    expect(successOf(read(`--flag=${word}`)).values.flag).toBe(false);
  });

  test.each([
    ["--flag=yes", "want true or false"],
    ["--number=ten", "want a decimal number from -1 on"],
    ["--number=010", "want a decimal number from -1 on"],
    ["--number=-2", "want a decimal number from -1 on"],
    ["--number=4294967296", "want a decimal number from -1 on"],
    ["--list=4,,5", "want a decimal number from -1 on"],
    ["--list=-1", "want descriptor numbers"],
    ["--choice=two", "want one"],
  ])("refuses %j: %s", (word, reason) => {
    expect(reasonOf(read(word))).toEndWith(reason);
  });

  test("takes −1 for none", () => {
    expect(successOf(read("--number=-1")).values.number).toBeUndefined();
  });
});
