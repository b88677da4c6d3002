import { byteStringOf } from "../../../ffi/byte-string.ts";
import { openAt } from "../../../ffi/files.ts";
import { assumeOpen, workingDirectory } from "../../../ffi/host-fd.ts";
import { O_CLOEXEC, O_DIRECTORY, O_RDONLY, RLIMIT_NOFILE } from "../../../ffi/linux.ts";
import { processIds, setResourceLimit, setThreadUser } from "../../../ffi/process.ts";
import { HostConnection, hostConnectionOptions } from "../../../src/host/connection.ts";
import { Server } from "../../../src/server/server.ts";
import { BlockingCalls } from "../../../src/transport/blocking-calls.ts";
import { Loop } from "../../../src/transport/loop.ts";
import { RecordingLog } from "./host-server.ts";
import { must } from "./results.ts";

/*
 * Serves the directory that the first argument names on descriptor 3 until the client is gone, then prints how often the loop has
 * turned and what was logged. The second argument holds the limits, as JSON.
 */

export interface ServerProcessLimits {
  /** Descriptors that it may have. */
  readonly fds?: number;
  /** The user that it is to be. */
  readonly uid?: number;
}

export interface ServerProcessReport {
  readonly turns: number;
  readonly log: readonly string[];
}

const [directory = ".", limits = "{}"] = process.argv.slice(2);
const { fds, uid } = JSON.parse(limits) as ServerProcessLimits;

let turns = 0;
const { turn } = Loop.prototype;
Loop.prototype.turn = function (this: Loop, timeoutMillis: number): void {
  turns++;
  turn.call(this, timeoutMillis);
};

const log = new RecordingLog();
const calls = new BlockingCalls();
const server = new Server(log, calls);
const procSelfFd = must(openAt(workingDirectory, byteStringOf("/proc/self/fd"), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
const impl = new HostConnection({
  procSelfFd,
  hostUds: { open: false, create: false },
  hostFifo: false,
  characterDevices: false,
  donateMountPoint: false,
  ids: processIds(),
  log,
  calls,
});
server.addConnection(assumeOpen(3), byteStringOf(directory), hostConnectionOptions(false), impl);
if (fds !== undefined) must(setResourceLimit(RLIMIT_NOFILE, fds));
if (uid !== undefined) must(setThreadUser(uid));
await server.run();
console.log(JSON.stringify({ turns, log: log.entries } satisfies ServerProcessReport));
process.exit(0);
