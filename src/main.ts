import { registeredExtensions } from "./extensions/registered.ts";
import { runProgram } from "./program.ts";

void runProgram(registeredExtensions);
