import { type Architecture, type SyscallName, syscallNumber } from "./machine.ts";
import { halfWords, littleEndian32, littleEndian64 } from "./stubs.ts";

/** What a handler counts and rings; addresses, and the bell's eventfd. */
export interface RingingParts {
  /** The 32-bit word that counts how often the signal has come. */
  readonly countWord: number;
  /** The 32-bit word that a sleeping thread waits on. */
  readonly bellWord: number;
  readonly bellFd: number;
  /** Holds the number 1, in 64 bits: what is written to the eventfd. */
  readonly one: number;
}

/** Something to write: `bytes` bytes at an address, to a descriptor. */
export interface StubWrite {
  readonly descriptor: number;
  readonly address: number;
  readonly bytes: number;
}

/** How a handler ends the process. */
export interface EndingParts {
  /** The 32-bit word that holds 1 when the process is to end here and now, else 0; the handler leaves 1 in it. */
  readonly atOnceWord: number;
  readonly writes: readonly StubWrite[];
  readonly status: number;
}

/**
 * A signal handler that counts the signal and rings the bell: it writes to the bell's eventfd, counts the bell's word up and wakes who
 * sleeps on it, so that a thread hears of it whatever it waits on. It makes raw system calls only and touches nothing else, so it
 * may interrupt anything, on any thread.
 */
export function ringingSignalHandlerStub(parts: RingingParts, architecture: Architecture): Uint8Array {
  return Uint8Array.from(architecture === "x64" ? x64Ringing(parts) : arm64Ringing(parts));
}

/**
 * A signal handler that ends the process with a status, after writing what it is given, if the word at `atOnceWord` says so; else it
 * rings as ringingSignalHandlerStub() does. As it leaves 1 in the word, the next such signal ends the process in any case.
 */
export function endingSignalHandlerStub(
  ending: EndingParts,
  ringing: RingingParts,
  architecture: Architecture,
): Uint8Array {
  return Uint8Array.from(architecture === "x64" ? x64Ending(ending, ringing) : arm64Ending(ending, ringing));
}

function x64Ringing({ countWord, bellWord, bellFd, one }: RingingParts): number[] {
  return [
    ...[0x48, 0xb8, ...littleEndian64(countWord)], // mov rax, countWord
    ...[0xf0, 0xff, 0x00], //                         lock inc dword ptr [rax]
    ...x64Write({ descriptor: bellFd, address: one, bytes: 8 }),
    ...[0x48, 0xbf, ...littleEndian64(bellWord)], //  mov rdi, bellWord
    ...[0xf0, 0xff, 0x07], //                         lock inc dword ptr [rdi]
    ...[0xbe, ...littleEndian32(1)], //               mov esi, 1 (FUTEX_WAKE)
    ...[0xba, ...littleEndian32(1)], //               mov edx, 1
    ...x64Syscall("futex"),
    0xc3, //                                          ret
  ];
}

function x64Ending({ atOnceWord, writes, status }: EndingParts, ringing: RingingParts): number[] {
  const end = [
    ...writes.flatMap(x64Write),
    ...[0xbf, ...littleEndian32(status)], //           mov edi, status
    ...x64Syscall("exit_group"),
  ];
  return [
    ...[0x48, 0xb8, ...littleEndian64(atOnceWord)], // mov rax, atOnceWord
    ...[0xb9, ...littleEndian32(1)], //                mov ecx, 1
    ...[0x87, 0x08], //                                xchg [rax], ecx
    ...[0x85, 0xc9], //                                test ecx, ecx
    ...[0x0f, 0x84, ...littleEndian32(end.length)], // je ring
    ...end,
    ...x64Ringing(ringing), //                  ring:
  ];
}

function x64Write({ descriptor, address, bytes }: StubWrite): number[] {
  return [
    ...[0xbf, ...littleEndian32(descriptor)], //    mov edi, descriptor
    ...[0x48, 0xbe, ...littleEndian64(address)], // mov rsi, address
    ...[0xba, ...littleEndian32(bytes)], //         mov edx, bytes
    ...x64Syscall("write"),
  ];
}

function x64Syscall(name: SyscallName): number[] {
  return [
    ...[0xb8, ...littleEndian32(syscallNumber(name, "x64"))], // mov eax, number
    ...[0x0f, 0x05], //                                          syscall
  ];
}

const arm64InstructionBytes = 4;

function arm64Ringing({ countWord, bellWord, bellFd, one }: RingingParts): number[] {
  return [
    ...arm64Move(0, countWord),
    ...arm64CountUp(),
    ...arm64Write({ descriptor: bellFd, address: one, bytes: 8 }),
    ...arm64Move(0, bellWord),
    ...arm64CountUp(),
    ...arm64Move(1, 1), // FUTEX_WAKE
    ...arm64Move(2, 1),
    ...arm64Syscall("futex"),
    ...littleEndian32(0xd65f03c0), // ret
  ];
}

function arm64Ending({ atOnceWord, writes, status }: EndingParts, ringing: RingingParts): number[] {
  const end = [...writes.flatMap(arm64Write), ...arm64Move(0, status), ...arm64Syscall("exit_group")];
  const toRing = end.length / arm64InstructionBytes + 1;
  return [
    ...arm64Move(0, atOnceWord),
    ...arm64Move(2, 1),
    ...littleEndian32(0x885ffc01), //                  retry: ldaxr w1, [x0]
    ...littleEndian32(0x8803fc02), //                         stlxr w3, w2, [x0]
    ...littleEndian32(0x35ffffc3), //                         cbnz w3, retry
    ...littleEndian32(0x34000001 | (toRing << 5)), //         cbz w1, ring
    ...end,
    ...arm64Ringing(ringing), //                       ring:
  ];
}

/** Adds one to the word at x0, and keeps x0. */
function arm64CountUp(): number[] {
  return [
    ...littleEndian32(0x885ffc01), // retry: ldaxr w1, [x0]
    ...littleEndian32(0x11000421), //        add w1, w1, #1
    ...littleEndian32(0x8802fc01), //        stlxr w2, w1, [x0]
    ...littleEndian32(0x35ffffa2), //        cbnz w2, retry
  ];
}

function arm64Write({ descriptor, address, bytes }: StubWrite): number[] {
  return [...arm64Move(0, descriptor), ...arm64Move(1, address), ...arm64Move(2, bytes), ...arm64Syscall("write")];
}

function arm64Syscall(name: SyscallName): number[] {
  return [...arm64Move(8, syscallNumber(name, "arm64")), ...littleEndian32(0xd4000001)]; // svc #0
}

/** mov into a whole register: movz, and a movk for each further 16 bits that are not zero. */
function arm64Move(register: number, value: number): number[] {
  return halfWords(value).flatMap((bits, index) => {
    if (index > 0 && bits === 0) return [];
    const opcode = index === 0 ? 0xd2800000 : 0xf2800000;
    return littleEndian32(opcode | (index << 21) | (bits << 5) | register);
  });
}
