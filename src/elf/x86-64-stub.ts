import type { CodeBuffer, StubLabel } from "./code-buffer.ts";

/**
 * The instructions of the entry stub for x86-64. At a program's entry [rsp] is argc, then come argv, a null pointer and
 * the environment; the general registers are zero. Sources: the System V ABI's x86-64 supplement, syscall(2).
 */
export function appendX8664Instructions(stub: CodeBuffer, failureLineBytes: number): void {
  stub.emit(0x48, 0x8b, 0x74, 0x24, 0x08); // mov rsi, [rsp+8]         argv[0]
  stub.emit(0x48, 0x85, 0xf6); //             test rsi, rsi
  jump(stub, 0x74, "pass"); //                jz pass                  no argv at all
  loadAddress(stub, 0x3d, "goferName"); //    lea rdi, [rip+goferName]
  stub.label("compare");
  stub.emit(0x8a, 0x06); //                   mov al, [rsi]
  stub.emit(0x3a, 0x07); //                   cmp al, [rdi]
  jump(stub, 0x75, "pass"); //                jne pass
  stub.emit(0x48, 0xff, 0xc6); //             inc rsi
  stub.emit(0x48, 0xff, 0xc7); //             inc rdi
  stub.emit(0x84, 0xc0); //                   test al, al
  jump(stub, 0x75, "compare"); //             jnz compare              until the NUL of both

  loadAddress(stub, 0x3d, "goferPath"); //    lea rdi, [rip+goferPath]
  stub.emit(0x48, 0x8b, 0x04, 0x24); //       mov rax, [rsp]           argc
  stub.emit(0x48, 0x8d, 0x74, 0x24, 0x08); // lea rsi, [rsp+8]         argv
  stub.emit(0x48, 0x8d, 0x54, 0xc6, 0x08); // lea rdx, [rsi+rax*8+8]   environment
  stub.emit(0xb8);
  stub.emitWord(59); //                       mov eax, 59              execve
  stub.emit(0x0f, 0x05); //                   syscall

  stub.emit(0xbf);
  stub.emitWord(2); //                        mov edi, 2               standard error
  loadAddress(stub, 0x35, "failureLine"); //  lea rsi, [rip+failureLine]
  stub.emit(0xba);
  stub.emitWord(failureLineBytes); //         mov edx, failureLineBytes
  stub.emit(0xb8);
  stub.emitWord(1); //                        mov eax, 1               write
  stub.emit(0x0f, 0x05); //                   syscall
  stub.emit(0xbf);
  stub.emitWord(127); //                      mov edi, 127
  stub.emit(0xb8);
  stub.emitWord(231); //                      mov eax, 231             exit_group
  stub.emit(0x0f, 0x05); //                   syscall
  stub.emit(0xf4); //                         hlt                      never reached

  stub.label("pass");
  stub.emit(0x31, 0xc0); //                   xor eax, eax
  stub.emit(0x31, 0xf6); //                   xor esi, esi
  stub.emit(0x31, 0xff); //                   xor edi, edi
  stub.emit(0xe9); //                         jmp originalEntry
  relative32(stub, "originalEntry");
}

/** A conditional jump over one byte of distance. */
function jump(stub: CodeBuffer, opcode: number, label: StubLabel): void {
  stub.emit(opcode);
  stub.refer(label, (code, offset, at, target) => {
    code.setInt8(offset, target - (at + 1));
  });
  stub.emit(0);
}

/** `lea register, [rip+label]`; `modRm` names the register. */
function loadAddress(stub: CodeBuffer, modRm: number, label: StubLabel): void {
  stub.emit(0x48, 0x8d, modRm);
  relative32(stub, label);
}

/** The distance from the end of the field, which ends its instruction. */
function relative32(stub: CodeBuffer, label: StubLabel): void {
  stub.refer(label, (code, offset, at, target) => {
    code.setInt32(offset, target - (at + 4), true);
  });
  stub.emitWord(0);
}
