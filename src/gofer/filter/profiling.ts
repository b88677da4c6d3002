import type { SyscallRule } from "../../../ffi/libseccomp.ts";

/** What the runtime's CPU profile needs beyond what the garbage collector does as well. */
export const cpuProfileRules: readonly SyscallRule[] = [
  {
    call: "rt_sigsuspend",
    because: "a thread whose stack is looked at waits in the handler of the signal that stopped it",
  },
];
