import type { Architecture } from "./machine.ts";

/**
 * The job of a helper thread, one cache line and a bit: what to call, and what came of it. The thread sleeps on the state word
 * until it is `posted`; when it has written the result it makes the state `done`.
 */
export const jobLayout = {
  state: 0,
  /** Number of the system call, and six arguments of 8 bytes behind it. */
  call: 8,
  arguments: 16,
  result: 64,
  /** Holds the number 1, in 64 bits: what the thread writes to the bell's eventfd. */
  one: 72,
  bytes: 80,
} as const;

export const jobState = { idle: 0, posted: 1, done: 2 } as const;

/** What the new thread finds on its stack: addresses of its job and of the bell's word, and the bell's eventfd. */
export const helperStackLayout = { job: 0, bellWord: 8, bellFd: 16, bytes: 64 } as const;

/**
 * A C-callable function with the arguments of clone(2) that gives what clone returned, and the life of the thread that it
 * started, in machine code: wait for a job, make its system call, store the result, write to the bell's eventfd, count the
 * bell's word up, wake who sleeps on that, and again. The word goes last: who sees it change finds the eventfd readable. The thread has no stack to speak of, no thread-local storage and no handler
 * to run, so it must be started with all signals blocked. It ends with the process.
 */
export function helperThreadStub(architecture: Architecture): Uint8Array {
  return architecture === "x64" ? Uint8Array.from(x64HelperThread.flat()) : arm64Code(arm64HelperThread);
}

const x64HelperThread: readonly (readonly number[])[] = [
  [0xb8, 0x38, 0x00, 0x00, 0x00], //              mov eax, 56 (clone)
  [0x49, 0x89, 0xca], //                          mov r10, rcx
  [0x0f, 0x05], //                                syscall
  [0x85, 0xc0], //                                test eax, eax
  [0x74, 0x01], //                                je thread
  [0xc3], //                                      ret
  [0x5b], //                             thread:  pop rbx (job)
  [0x5d], //                                      pop rbp (bell's word)
  [0x41, 0x5c], //                                pop r12 (bell's eventfd)
  [0x8b, 0x13], //                       wait:    mov edx, [rbx]
  [0x83, 0xfa, 0x01], //                          cmp edx, 1 (posted)
  [0x74, 0x11], //                                je run
  [0x48, 0x89, 0xdf], //                          mov rdi, rbx
  [0x31, 0xf6], //                                xor esi, esi (FUTEX_WAIT)
  [0x45, 0x31, 0xd2], //                          xor r10d, r10d
  [0xb8, 0xca, 0x00, 0x00, 0x00], //              mov eax, 202 (futex)
  [0x0f, 0x05], //                                syscall
  [0xeb, 0xe8], //                                jmp wait
  [0x48, 0x8b, 0x43, 0x08], //           run:     mov rax, [rbx+8]
  [0x48, 0x8b, 0x7b, 0x10], //                    mov rdi, [rbx+16]
  [0x48, 0x8b, 0x73, 0x18], //                    mov rsi, [rbx+24]
  [0x48, 0x8b, 0x53, 0x20], //                    mov rdx, [rbx+32]
  [0x4c, 0x8b, 0x53, 0x28], //                    mov r10, [rbx+40]
  [0x4c, 0x8b, 0x43, 0x30], //                    mov r8, [rbx+48]
  [0x4c, 0x8b, 0x4b, 0x38], //                    mov r9, [rbx+56]
  [0x0f, 0x05], //                                syscall
  [0x48, 0x89, 0x43, 0x40], //                    mov [rbx+64], rax
  [0xc7, 0x03, 0x02, 0x00, 0x00, 0x00], //        mov dword ptr [rbx], 2 (done)
  [0x4c, 0x89, 0xe7], //                          mov rdi, r12
  [0x48, 0x8d, 0x73, 0x48], //                    lea rsi, [rbx+72]
  [0xba, 0x08, 0x00, 0x00, 0x00], //              mov edx, 8
  [0xb8, 0x01, 0x00, 0x00, 0x00], //              mov eax, 1 (write)
  [0x0f, 0x05], //                                syscall
  [0xf0, 0xff, 0x45, 0x00], //                    lock inc dword ptr [rbp]
  [0x48, 0x89, 0xef], //                          mov rdi, rbp
  [0xbe, 0x01, 0x00, 0x00, 0x00], //              mov esi, 1 (FUTEX_WAKE)
  [0xba, 0x01, 0x00, 0x00, 0x00], //              mov edx, 1
  [0xb8, 0xca, 0x00, 0x00, 0x00], //              mov eax, 202 (futex)
  [0x0f, 0x05], //                                syscall
  [0xeb, 0x93], //                                jmp wait
];

const arm64HelperThread: readonly number[] = [
  0xd2801b88, //          mov x8, #220 (clone)
  0xd4000001, //          svc #0
  0xb4000040, //          cbz x0, thread
  0xd65f03c0, //          ret
  0xa94053f3, // thread:  ldp x19, x20, [sp] (job, bell's word)
  0xf9400bf5, //          ldr x21, [sp, #16] (bell's eventfd)
  0x88dffe62, // wait:    ldar w2, [x19]
  0x7100045f, //          cmp w2, #1 (posted)
  0x540000e0, //          b.eq run
  0xaa1303e0, //          mov x0, x19
  0xd2800001, //          mov x1, #0 (FUTEX_WAIT)
  0xd2800003, //          mov x3, #0
  0xd2800c48, //          mov x8, #98 (futex)
  0xd4000001, //          svc #0
  0x17fffff8, //          b wait
  0xf9400668, // run:     ldr x8, [x19, #8]
  0xa9410660, //          ldp x0, x1, [x19, #16]
  0xa9420e62, //          ldp x2, x3, [x19, #32]
  0xa9431664, //          ldp x4, x5, [x19, #48]
  0xd4000001, //          svc #0
  0xf9002260, //          str x0, [x19, #64]
  0x52800041, //          mov w1, #2 (done)
  0x889ffe61, //          stlr w1, [x19]
  0xaa1503e0, //          mov x0, x21
  0x91012261, //          add x1, x19, #72
  0xd2800102, //          mov x2, #8
  0xd2800808, //          mov x8, #64 (write)
  0xd4000001, //          svc #0
  0x885ffe81, // count:   ldaxr w1, [x20]
  0x11000421, //          add w1, w1, #1
  0x8802fe81, //          stlxr w2, w1, [x20]
  0x35ffffa2, //          cbnz w2, count
  0xaa1403e0, //          mov x0, x20
  0xd2800021, //          mov x1, #1 (FUTEX_WAKE)
  0xd2800022, //          mov x2, #1
  0xd2800c48, //          mov x8, #98 (futex)
  0xd4000001, //          svc #0
  0x17ffffe1, //          b wait
];

function arm64Code(words: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(words).buffer);
}
