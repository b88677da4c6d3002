import { assumeOpen, type HostFd } from "../../ffi/host-fd.ts";
import { type FlagType, usage } from "./flags.ts";
import { type Attempt, StartFailure } from "./start-failure.ts";

const trueWords: ReadonlySet<string> = new Set(["1", "t", "T", "true", "TRUE", "True"]);
const falseWords: ReadonlySet<string> = new Set(["0", "f", "F", "false", "FALSE", "False"]);

/** Source: ParseBool in Go's strconv package. */
export function booleanFlag(initial: boolean): FlagType<boolean> {
  return {
    initial,
    isBoolean: true,
    read(text) {
      if (trueWords.has(text)) return true;
      return falseWords.has(text) ? false : usage("want true or false");
    },
  };
}

export function textFlag(initial: string): FlagType<string> {
  return { initial, isBoolean: false, read: (text) => text };
}

/** One of the words that are keys of `meanings`. */
export function choiceFlag<T>(meanings: ReadonlyMap<string, T>, initial: T): FlagType<T> {
  return {
    initial,
    isBoolean: false,
    read(text) {
      const meaning = meanings.get(text);
      if (meaning !== undefined) return meaning;
      return usage(`want ${[...meanings.keys()].filter((word) => word !== "").join(", ")}`);
    },
  };
}

/** A decimal number, which is all that runsc writes; `none` is what −1 stands for. */
export function numberFlag<T>(initial: number | T, none: T): FlagType<number | T> {
  return {
    initial,
    isBoolean: false,
    read(text) {
      const number = readNumber(text);
      return number === -1 ? none : number;
    },
  };
}

/** A descriptor that the caller passed on; undefined when there is none. */
export const descriptorFlag: FlagType<HostFd | undefined> = {
  initial: undefined,
  isBoolean: false,
  read: readDescriptor,
};

/** A list of descriptors: the flag may repeat, and a value may hold several, separated by commas. */
export const descriptorListFlag: FlagType<readonly HostFd[]> = {
  initial: [],
  isBoolean: false,
  read(text, before) {
    const list = [...before];
    for (const word of text.split(",")) {
      const descriptor = readDescriptor(word);
      if (descriptor instanceof StartFailure) return descriptor;
      if (descriptor === undefined) return usage("want descriptor numbers");
      list.push(descriptor);
    }
    return list;
  },
};

const decimal = /^-?(0|[1-9]\d{0,9})$/;
const numberMax = 2 ** 32 - 1;

function readNumber(text: string): Attempt<number> {
  const number = decimal.test(text) ? Number(text) : Number.NaN;
  return number >= -1 && number <= numberMax ? number : usage("want a decimal number from -1 on");
}

function readDescriptor(text: string): Attempt<HostFd | undefined> {
  const number = readNumber(text);
  if (number instanceof StartFailure) return number;
  return number === -1 ? undefined : assumeOpen(number);
}
