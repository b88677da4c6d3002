import { appendArm64Instructions } from "./arm64-stub.ts";
import { CodeBuffer } from "./code-buffer.ts";
import type { Machine } from "./elf64.ts";
import { passedVariables } from "./gofer-environment.ts";
import { appendX8664Instructions } from "./x86-64-stub.ts";

/** The argv[0] by which runsc starts its gofer. Source: runsc/container/container.go. */
const goferName = "runsc-gofer";

/**
 * Code for the entry of a program: when argv[0] is `runsc-gofer` it executes `goferPath` with the same argv and what
 * `passedVariables` lets through of the environment, else it jumps to the label originalEntry with stack and registers
 * as the kernel left them. When the execution fails it writes one line to descriptor 2 and exits with 127: never
 * runsc's own gofer instead. So nobody misses what it has taken out of the environment on the stack.
 * Position-independent.
 */
export function entryStub(machine: Machine, goferPath: string): CodeBuffer {
  const encoder = new TextEncoder();
  const failureLine = encoder.encode(`bun-gofer: cannot execute the gofer ${goferPath}\n`);
  const stub = new CodeBuffer();
  const appendInstructions = machine === "x86-64" ? appendX8664Instructions : appendArm64Instructions;
  appendInstructions(stub, failureLine.length);
  stub.label("goferName");
  stub.emitBytes(encoder.encode(`${goferName}\0`));
  stub.label("passedVariables");
  stub.emitBytes(encoder.encode(`${passedVariables.join("\0")}\0\0`));
  stub.label("goferPath");
  stub.emitBytes(encoder.encode(`${goferPath}\0`));
  stub.label("failureLine");
  stub.emitBytes(failureLine);
  return stub;
}
