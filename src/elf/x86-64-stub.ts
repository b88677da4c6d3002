import type { CodeBuffer, StubLabel } from "./code-buffer.ts";

const equalsSign = 0x3d;

/** How far a jump reaches whose distance has one byte. */
const shortJumpMin = -128;
const shortJumpMax = 127;

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
  jump(stub, 0xeb, "execute"); //             jmp execute

  stub.label("pass");
  stub.emit(0x31, 0xc0); //                   xor eax, eax
  stub.emit(0x31, 0xf6); //                   xor esi, esi
  stub.emit(0x31, 0xff); //                   xor edi, edi
  stub.emit(0xe9); //                         jmp originalEntry
  relative32(stub, "originalEntry");

  stub.label("execute");
  stub.emit(0x48, 0x8b, 0x04, 0x24); //       mov rax, [rsp]           argc
  stub.emit(0x48, 0x8d, 0x54, 0xc4, 0x10); // lea rdx, [rsp+rax*8+16]  environment
  appendEnvironmentFilter(stub);
  loadAddress(stub, 0x3d, "goferPath"); //    lea rdi, [rip+goferPath]
  stub.emit(0x48, 0x8d, 0x74, 0x24, 0x08); // lea rsi, [rsp+8]         argv
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
}

/** Leaves in the null-terminated array at rdx, whose entries move up, only what may pass. Changes rax, rcx, rsi to r10. */
function appendEnvironmentFilter(stub: CodeBuffer): void {
  stub.emit(0x49, 0x89, 0xd0); //             mov r8, rdx              the entry to look at
  stub.emit(0x49, 0x89, 0xd1); //             mov r9, rdx              the end of those kept
  stub.label("nextVariable");
  stub.emit(0x49, 0x8b, 0x30); //             mov rsi, [r8]
  stub.emit(0x49, 0x83, 0xc0, 0x08); //       add r8, 8
  stub.emit(0x48, 0x85, 0xf6); //             test rsi, rsi
  jump(stub, 0x74, "endOfEnvironment"); //    jz endOfEnvironment

  loadAddress(stub, 0x3d, "passedVariables"); // lea rdi, [rip+passedVariables]
  stub.label("tryBeginning");
  stub.emit(0x48, 0x89, 0xf1); //             mov rcx, rsi
  stub.label("compareBeginning");
  stub.emit(0x8a, 0x07); //                   mov al, [rdi]
  stub.emit(0x48, 0xff, 0xc7); //             inc rdi
  stub.emit(0x84, 0xc0); //                   test al, al
  jump(stub, 0x74, "beginsRight"); //         jz beginsRight
  stub.emit(0x3a, 0x01); //                   cmp al, [rcx]
  jump(stub, 0x75, "skipBeginning"); //       jne skipBeginning
  stub.emit(0x48, 0xff, 0xc1); //             inc rcx
  jump(stub, 0xeb, "compareBeginning"); //    jmp compareBeginning
  stub.label("skipBeginning");
  stub.emit(0x8a, 0x07); //                   mov al, [rdi]
  stub.emit(0x48, 0xff, 0xc7); //             inc rdi
  stub.emit(0x84, 0xc0); //                   test al, al
  jump(stub, 0x75, "skipBeginning"); //       jnz skipBeginning
  stub.emit(0x38, 0x07); //                   cmp [rdi], al            the list ends with an empty one
  jump(stub, 0x75, "tryBeginning"); //        jne tryBeginning
  jump(stub, 0xeb, "nextVariable"); //        jmp nextVariable

  stub.label("beginsRight");
  stub.emit(0x48, 0x89, 0xf1); //             mov rcx, rsi
  stub.label("findEquals");
  stub.emit(0x8a, 0x01); //                   mov al, [rcx]
  stub.emit(0x48, 0xff, 0xc1); //             inc rcx
  stub.emit(0x84, 0xc0); //                   test al, al
  jump(stub, 0x74, "nextVariable"); //        jz nextVariable          not a variable
  stub.emit(0x3c, equalsSign); //             cmp al, '='
  jump(stub, 0x75, "findEquals"); //          jne findEquals

  stub.emit(0x49, 0x89, 0xd2); //             mov r10, rdx             the kept entry to compare with
  stub.label("nextKept");
  stub.emit(0x4d, 0x39, 0xca); //             cmp r10, r9
  jump(stub, 0x74, "keep"); //                je keep
  stub.emit(0x49, 0x8b, 0x3a); //             mov rdi, [r10]
  stub.emit(0x49, 0x83, 0xc2, 0x08); //       add r10, 8
  stub.emit(0x48, 0x89, 0xf1); //             mov rcx, rsi
  stub.label("compareName");
  stub.emit(0x8a, 0x01); //                   mov al, [rcx]
  stub.emit(0x3a, 0x07); //                   cmp al, [rdi]
  jump(stub, 0x75, "nextKept"); //            jne nextKept
  stub.emit(0x48, 0xff, 0xc1); //             inc rcx
  stub.emit(0x48, 0xff, 0xc7); //             inc rdi
  stub.emit(0x3c, equalsSign); //             cmp al, '='
  jump(stub, 0x75, "compareName"); //         jne compareName
  jump(stub, 0xeb, "nextVariable"); //        jmp nextVariable         the second of this name

  stub.label("keep");
  stub.emit(0x49, 0x89, 0x31); //             mov [r9], rsi
  stub.emit(0x49, 0x83, 0xc1, 0x08); //       add r9, 8
  jump(stub, 0xeb, "nextVariable"); //        jmp nextVariable
  stub.label("endOfEnvironment");
  stub.emit(0x49, 0x89, 0x31); //             mov [r9], rsi            null
}

/** A jump whose distance has one byte. */
function jump(stub: CodeBuffer, opcode: number, label: StubLabel): void {
  stub.emit(opcode);
  stub.refer(label, (code, offset, at, target) => {
    const distance = target - (at + 1);
    if (distance < shortJumpMin || distance > shortJumpMax) {
      throw new Error(`the jump to ${label} is too long: ${distance} bytes`);
    }
    code.setInt8(offset, distance);
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
