import { RequestCounts } from "../../../src/server/request-counts.ts";
import { BlockingCalls } from "../../../src/transport/blocking-calls.ts";

/** The counters of all servers that a test makes: their memory is never given back. */
export const counts = new RequestCounts();

/** The helper threads of all servers that a test makes: their bell is one for the process, so there is one to answer it. */
export const calls = new BlockingCalls();
