import type { Architecture } from "./machine.ts";
import { halfWords, littleEndian32, littleEndian64 } from "./stubs.ts";

/**
 * One system call of the table that every thread works through: its number, and five arguments of 8 bytes. The table ends with
 * a call whose number is −1.
 */
export const threadCallLayout = { number: 0, arguments: 8, argumentsMax: 5, bytes: 48 } as const;

export const endOfThreadCalls = -1;

/** How many threads can answer; what comes after that is lost. */
export const threadAnswersMax = 1024;

/**
 * Where the threads answer: how many have begun to, how many have, and behind that an answer each. The thread's ID, never 0, is
 * written last, so an answer with an ID is whole.
 */
export const threadAnswersLayout = {
  begun: 0,
  done: 4,
  answers: 64,
  /** Within an answer. */
  tid: 0,
  /** 0, or −errno of the first call that failed; none was made after that. */
  outcome: 4,
  /** The place in the table of the call that failed. */
  call: 8,
  answerBytes: 16,
  bytes: 64 + threadAnswersMax * 16,
} as const;

/**
 * A signal handler that makes the system calls of the table at `calls`, on whatever thread it runs, up to the first that fails,
 * leaves an answer at `answers`, counts up the answers that are done, and wakes one who sleeps on that word. It uses no stack
 * and no memory but these two, so it may interrupt anything; that it does not restore the registers it uses is as well, since
 * the kernel does when a handler returns. Source: sigreturn(2).
 */
export function everyThreadHandlerStub(calls: number, answers: number, architecture: Architecture): Uint8Array {
  return architecture === "x64" ? x64Handler(calls, answers) : arm64Handler(calls, answers);
}

/** A signal handler that does nothing. */
export function emptyHandlerStub(architecture: Architecture): Uint8Array {
  return architecture === "x64" ? Uint8Array.of(0xc3) : Uint8Array.from(littleEndian32(0xd65f03c0)); // ret
}

function x64Handler(calls: number, answers: number): Uint8Array {
  return Uint8Array.of(
    ...[0x48, 0xbb, ...littleEndian64(calls)], //              mov rbx, calls
    ...[0x48, 0xbd, ...littleEndian64(answers)], //            mov rbp, answers
    ...[0x45, 0x31, 0xe4], //                                  xor r12d, r12d (place in the table)
    ...[0x48, 0x8b, 0x03], //                        next:     mov rax, [rbx]
    ...[0x48, 0x83, 0xf8, 0xff], //                            cmp rax, -1
    ...[0x74, 0x27], //                                        je end
    ...[0x48, 0x8b, 0x7b, 0x08], //                            mov rdi, [rbx+8]
    ...[0x48, 0x8b, 0x73, 0x10], //                            mov rsi, [rbx+16]
    ...[0x48, 0x8b, 0x53, 0x18], //                            mov rdx, [rbx+24]
    ...[0x4c, 0x8b, 0x53, 0x20], //                            mov r10, [rbx+32]
    ...[0x4c, 0x8b, 0x43, 0x28], //                            mov r8, [rbx+40]
    ...[0x45, 0x31, 0xc9], //                                  xor r9d, r9d
    ...[0x0f, 0x05], //                                        syscall
    ...[0x48, 0x85, 0xc0], //                                  test rax, rax
    ...[0x78, 0x0b], //                                        js failed
    ...[0x48, 0x83, 0xc3, 0x30], //                            add rbx, 48
    ...[0x41, 0xff, 0xc4], //                                  inc r12d
    ...[0xeb, 0xd0], //                                        jmp next
    ...[0x31, 0xc0], //                              end:      xor eax, eax
    ...[0x41, 0x89, 0xc5], //                        failed:   mov r13d, eax (outcome)
    ...[0xb8, 0xba, 0x00, 0x00, 0x00], //                      mov eax, 186 (gettid)
    ...[0x0f, 0x05], //                                        syscall
    ...[0xb9, 0x01, 0x00, 0x00, 0x00], //                      mov ecx, 1
    ...[0xf0, 0x0f, 0xc1, 0x4d, 0x00], //                      lock xadd [rbp], ecx (answers begun)
    ...[0x81, 0xf9, ...littleEndian32(threadAnswersMax)], //   cmp ecx, threadAnswersMax
    ...[0x73, 0x2e], //                                        jae out
    ...[0xc1, 0xe1, 0x04], //                                  shl ecx, 4
    ...[0x48, 0x8d, 0x54, 0x0d, 0x40], //                      lea rdx, [rbp+rcx+64]
    ...[0x44, 0x89, 0x6a, 0x04], //                            mov [rdx+4], r13d
    ...[0x44, 0x89, 0x62, 0x08], //                            mov [rdx+8], r12d
    ...[0x89, 0x02], //                                        mov [rdx], eax
    ...[0x48, 0x83, 0xc5, 0x04], //                            add rbp, 4
    ...[0xf0, 0xff, 0x45, 0x00], //                            lock inc dword ptr [rbp] (answers done)
    ...[0x48, 0x89, 0xef], //                                  mov rdi, rbp
    ...[0xbe, 0x01, 0x00, 0x00, 0x00], //                      mov esi, 1 (FUTEX_WAKE)
    ...[0xba, 0x01, 0x00, 0x00, 0x00], //                      mov edx, 1
    ...[0xb8, 0xca, 0x00, 0x00, 0x00], //                      mov eax, 202 (futex)
    ...[0x0f, 0x05], //                                        syscall
    0xc3, //                                         out:      ret
  );
}

function arm64Handler(calls: number, answers: number): Uint8Array {
  const words = [
    ...loadAddress(19, calls), //          x19 = calls
    ...loadAddress(20, answers), //        x20 = answers
    0x52800015, //                         mov w21, #0 (place in the table)
    0xf9400268, //               next:     ldr x8, [x19]
    0xb100051f, //                         cmn x8, #1
    0x54000140, //                         b.eq end
    0xa9408660, //                         ldp x0, x1, [x19, #8]
    0xa9418e62, //                         ldp x2, x3, [x19, #24]
    0xf9401664, //                         ldr x4, [x19, #40]
    0xd2800005, //                         mov x5, #0
    0xd4000001, //                         svc #0
    0xb7f800a0, //                         tbnz x0, #63, failed
    0x9100c273, //                         add x19, x19, #48
    0x110006b5, //                         add w21, w21, #1
    0x17fffff5, //                         b next
    0xd2800000, //               end:      mov x0, #0
    0x2a0003f6, //               failed:   mov w22, w0 (outcome)
    0xd2801648, //                         mov x8, #178 (gettid)
    0xd4000001, //                         svc #0
    0x885ffe81, //               begin:    ldaxr w1, [x20] (answers begun)
    0x11000422, //                         add w2, w1, #1
    0x8803fe82, //                         stlxr w3, w2, [x20]
    0x35ffffa3, //                         cbnz w3, begin
    0x7100003f | (threadAnswersMax << 10), //  cmp w1, #threadAnswersMax
    0x540001c2, //                         b.hs out
    0x8b011282, //                         add x2, x20, x1, lsl #4
    0x2908d456, //                         stp w22, w21, [x2, #68]
    0x91010042, //                         add x2, x2, #64
    0x889ffc40, //                         stlr w0, [x2]
    0x91001280, //                         add x0, x20, #4
    0x885ffc01, //               count:    ldaxr w1, [x0] (answers done)
    0x11000421, //                         add w1, w1, #1
    0x8802fc01, //                         stlxr w2, w1, [x0]
    0x35ffffa2, //                         cbnz w2, count
    0xd2800021, //                         mov x1, #1 (FUTEX_WAKE)
    0xd2800022, //                         mov x2, #1
    0xd2800c48, //                         mov x8, #98 (futex)
    0xd4000001, //                         svc #0
    0xd65f03c0, //               out:      ret
  ];
  return Uint8Array.from(words.flatMap(littleEndian32));
}

/** Puts 64 bits into a register. */
function loadAddress(register: number, address: number): number[] {
  const [w0, w1, w2, w3] = halfWords(address);
  return [
    0xd2800000 | (w0 << 5) | register, // movz register, #w0
    0xf2a00000 | (w1 << 5) | register, // movk register, #w1, lsl #16
    0xf2c00000 | (w2 << 5) | register, // movk register, #w2, lsl #32
    0xf2e00000 | (w3 << 5) | register, // movk register, #w3, lsl #48
  ];
}
