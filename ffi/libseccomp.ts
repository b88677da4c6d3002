import { CString, dlopen, FFIType, type Pointer, read } from "bun:ffi";
import embeddedLibrary from "../.cache/libseccomp.so.2" with { type: "file" };
import { addressOf, allocateStaticMemory, memory } from "./arena.ts";
import { byteStringOf } from "./byte-string.ts";
import { cString } from "./c-string.ts";
import { writeAllBytes } from "./descriptor-io.ts";
import { Failure, fail } from "./errno.ts";
import { fdResultOf, OwnedFd } from "./host-fd.ts";
import { layout } from "./layout.ts";
import { MFD_CLOEXEC } from "./linux.ts";
import { currentArchitecture, type SyscallName, syscallNumber, syscallNumbers } from "./machine.ts";
import { syscalls } from "./syscalls.ts";

/** What one argument of a system call must be: in the bits of `mask`, the bits of `value`. */
export interface ArgumentTest {
  /** From 0 to 5. */
  readonly argument: number;
  readonly mask: bigint;
  readonly value: bigint;
}

/** A system call that may be made when all tests in `where` hold. Several rules for one call: when one of them allows it. */
export interface SyscallRule {
  /** The call's name; where the architecture has no such call, the rule says nothing. */
  readonly call: string;
  readonly where?: readonly ArgumentTest[];
  /** Who makes the call, and what for. */
  readonly because: string;
}

/** The bits that the kernel looks at of an int; what stands in the upper half of the register may be anything. */
const intBits = 0xffff_ffffn;
const intSignBit = 0x8000_0000n;

/** That the int `argument` is `value`. */
export function isInt(argument: number, value: number): ArgumentTest {
  return { argument, mask: intBits, value: BigInt(value) & intBits };
}

/** That the int `argument` has all the bits of `bits`. */
export function hasBits(argument: number, bits: number): ArgumentTest {
  return { argument, mask: BigInt(bits), value: BigInt(bits) };
}

/** That the int `argument` has none of the bits of `bits`. */
export function lacksBits(argument: number, bits: number): ArgumentTest {
  return { argument, mask: BigInt(bits), value: 0n };
}

/** That `argument` is a descriptor, and not one of the negative numbers that stand for something else, such as AT_FDCWD. */
export function isDescriptor(argument: number): ArgumentTest {
  return { argument, mask: intSignBit, value: 0n };
}

/** What becomes of a call that no rule allows: the process is killed, or SIGSYS is raised instead of the call. */
export type ForbiddenCallAction = "kill" | "trap";

/** A system call that is not made and fails. No rule may allow it as well. */
export interface RefusedCall {
  readonly call: string;
  readonly errno: number;
}

/** A filter: all calls that are not in it are forbidden. */
export interface Filter {
  readonly rules: readonly SyscallRule[];
  readonly refused: readonly RefusedCall[];
  readonly forbidden: ForbiddenCallAction;
}

/** Why libseccomp cannot be used, or cannot do what was asked: one line for people. */
export class SeccompFailure {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** Source: include/seccomp.h of libseccomp. */
const actions = { kill: 0x8000_0000, trap: 0x0003_0000, error: 0x0005_0000, allow: 0x7fff_0000 } as const;
const attributes = { badArchitecture: 2, allThreads: 4, optimization: 8, rawReturnCodes: 9 } as const;
const binaryTree = 2;
const maskedEqual = 7;
const unknownName = -1;
const nativeArchitecture = 0;
const argumentsMax = 6;

/** struct scmp_arg_cmp; for SCMP_CMP_MASKED_EQ the first datum is the mask. Source: include/seccomp.h of libseccomp. */
const comparisonLayout = layout({ argument: "u32", operator: "u32", mask: "u64", value: "u64" });

/** The first release with the binary tree. */
const versionWanted = [2, 5] as const;

/** The first at which all threads can be given the filter, and the whole process killed. Source: seccomp_api_get(3). */
const apiLevelWanted = 3;

const { i32, u32, u64_fast: address, void: nothing } = FFIType;
const signatures = {
  seccomp_api_get: { args: [], returns: u32 },
  seccomp_attr_set: { args: [address, i32, u32], returns: i32 },
  seccomp_init: { args: [u32], returns: address },
  seccomp_load: { args: [address], returns: i32 },
  seccomp_release: { args: [address], returns: nothing },
  seccomp_rule_add_exact_array: { args: [address, u32, i32, u32, address], returns: i32 },
  seccomp_syscall_resolve_name: { args: [address], returns: i32 },
  seccomp_syscall_resolve_num_arch: { args: [u32, i32], returns: address },
  seccomp_version: { args: [], returns: address },
} as const;

type Library = ReturnType<typeof dlopen<typeof signatures>>;
type Functions = Library["symbols"];

const comparisons = allocateStaticMemory(argumentsMax * comparisonLayout.bytes);

/** libseccomp, which turns rules into a filter program. Unloaded by `using`, so that a confined process does not keep its code. */
export class Libseccomp implements Disposable {
  readonly #library: Library;

  private constructor(library: Library) {
    this.#library = library;
  }

  get #functions(): Functions {
    return this.#library.symbols;
  }

  /**
   * Loads the library that the build has found, or that in `file`. Needs /proc, and the kernel's own support. Through a file in
   * memory: loaded from the executable itself, a copy would be left in the temporary directory.
   */
  static async load(file: string = embeddedLibrary): Promise<Libseccomp | SeccompFailure> {
    const wanted = `libseccomp ${versionWanted.join(".")} or later`;
    const library = await open(file);
    if (library instanceof SeccompFailure) return new SeccompFailure(`want ${wanted}: ${library.reason}`);
    const functions = library.symbols;
    // SAFETY: the library's own constant, of three words.
    const version = Number(functions.seccomp_version()) as Pointer;
    const [major, minor] = [read.u32(version, 0), read.u32(version, 4)];
    if (major !== versionWanted[0] || minor < versionWanted[1]) {
      return new SeccompFailure(`want ${wanted}, got ${major}.${minor}`);
    }
    const level = functions.seccomp_api_get();
    if (level < apiLevelWanted) {
      return new SeccompFailure(
        `want a kernel on which libseccomp is at API level ${apiLevelWanted} or higher, got ${level}`,
      );
    }
    return new Libseccomp(library);
  }

  /**
   * Puts `filter` on all threads of the process, and with it no_new_privs. There is no way back. The process is killed when it makes
   * a system call of another architecture or ABI. Source: seccomp_load(3), seccomp(2) SECCOMP_FILTER_FLAG_TSYNC.
   */
  install(filter: Filter): SeccompFailure | undefined {
    const context = Number(this.#functions.seccomp_init(actions[filter.forbidden]));
    if (context === 0) return new SeccompFailure("seccomp_init failed");
    try {
      return this.#setAttributes(context, filter) ?? this.#addRules(context, filter) ?? this.#load(context);
    } finally {
      this.#functions.seccomp_release(context);
    }
  }

  /** The name of system call `number` on this architecture. */
  nameOf(number: number): string | undefined {
    const name = Number(this.#functions.seccomp_syscall_resolve_num_arch(nativeArchitecture, number));
    // SAFETY: the string ends with a NUL and is the caller's, who should free it: there are few calls, and this is for debugging.
    return name === 0 ? undefined : new CString(name as Pointer).toString();
  }

  /** The number of the call on this architecture; negative when it has none; undefined when there is no such call at all. */
  numberOf(call: string): number | undefined {
    const number = this.#functions.seccomp_syscall_resolve_name(cString(byteStringOf(call)));
    if (number !== unknownName) return number;
    // A call that is newer than the library.
    return Object.hasOwn(syscallNumbers, call) ? syscallNumber(call as SyscallName, currentArchitecture()) : undefined;
  }

  /** Nothing may be asked of it afterwards. */
  [Symbol.dispose](): void {
    this.#library.close();
  }

  #setAttributes(context: number, { forbidden }: Filter): SeccompFailure | undefined {
    const wanted = [
      [attributes.rawReturnCodes, 1],
      [attributes.allThreads, 1],
      [attributes.badArchitecture, actions[forbidden]],
      [attributes.optimization, binaryTree],
    ] as const;
    for (const [attribute, value] of wanted) {
      const returned = this.#functions.seccomp_attr_set(context, attribute, value);
      if (returned !== 0) return failure(`seccomp_attr_set ${attribute}`, returned);
    }
    return undefined;
  }

  #addRules(context: number, { rules, refused }: Filter): SeccompFailure | undefined {
    for (const { call, where = [] } of rules) {
      const failed = this.#addRule(context, actions.allow, call, where);
      if (failed !== undefined) return failed;
    }
    for (const { call, errno } of refused) {
      const failed = this.#addRule(context, actions.error | errno, call, []);
      if (failed !== undefined) return failed;
    }
    return undefined;
  }

  #addRule(context: number, action: number, call: string, where: readonly ArgumentTest[]): SeccompFailure | undefined {
    const number = this.numberOf(call);
    if (number === undefined) return new SeccompFailure(`there is no system call ${call}`);
    if (number < 0) return undefined;
    writeComparisons(where);
    const returned = this.#functions.seccomp_rule_add_exact_array(
      context,
      action,
      number,
      where.length,
      addressOf(comparisons),
    );
    return returned === 0 ? undefined : failure(`rule for ${call}`, returned);
  }

  #load(context: number): SeccompFailure | undefined {
    const returned = this.#functions.seccomp_load(context);
    return returned === 0 ? undefined : failure("seccomp_load", returned);
  }
}

/** The library in `file`, through a file in memory. */
async function open(file: string): Promise<Library | SeccompFailure> {
  const created = fdResultOf(syscalls.memfd_create(cString(byteStringOf("libseccomp")), MFD_CLOEXEC));
  if (created instanceof Failure) return new SeccompFailure(`memfd_create: ${created}`);
  using descriptor = new OwnedFd(created);
  try {
    const written = writeAllBytes(descriptor.borrow(), await Bun.file(file).bytes());
    if (written instanceof Failure) return new SeccompFailure(`write: ${written}`);
    return dlopen(`/proc/self/fd/${descriptor.borrow()}`, signatures);
  } catch (error) {
    return new SeccompFailure(error instanceof Error ? error.message : String(error));
  }
}

function writeComparisons(where: readonly ArgumentTest[]): void {
  if (where.length > argumentsMax) throw new RangeError(`${where.length} tests of one call's arguments`);
  const { view } = memory;
  for (const [index, { argument, mask, value }] of where.entries()) {
    const at = comparisons + index * comparisonLayout.bytes;
    view.setUint32(at + comparisonLayout.argument, argument, true);
    view.setUint32(at + comparisonLayout.operator, maskedEqual, true);
    view.setBigUint64(at + comparisonLayout.mask, mask, true);
    view.setBigUint64(at + comparisonLayout.value, value, true);
  }
}

/** libseccomp returns −errno. */
function failure(doing: string, returned: number): SeccompFailure {
  return new SeccompFailure(`${doing}: ${returned < 0 ? fail(-returned) : `returned ${returned}`}`);
}
