import { runProgram } from "../../../src/program.ts";
import { prober } from "./prober-extension.ts";

/* A gofer for tests, which is never shipped: one of its extensions makes whatever system call it is asked to. */

void runProgram([prober]);
