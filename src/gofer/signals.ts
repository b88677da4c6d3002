import { assumeOpen, type HostFd } from "../../ffi/host-fd.ts";
import { SIGHUP, SIGINT, SIGQUIT, SIGTERM } from "../../ffi/linux.ts";
import { nodeFs } from "../../ffi/node-fs.ts";
import { type LastWords, SignalBell } from "../../ffi/signals.ts";
import type { Log } from "../log/log.ts";
import type { LogFormat } from "../log/log-format.ts";
import type { Server } from "../server/server.ts";
import { version } from "../version.ts";
import { type ExitReason, exitCodes } from "./exit-codes.ts";

const standardError = assumeOpen(2);

const endingSignals: readonly { readonly name: string; readonly signal: number; readonly exit: ExitReason }[] = [
  { name: "SIGHUP", signal: SIGHUP, exit: "hungUp" },
  { name: "SIGINT", signal: SIGINT, exit: "interrupted" },
  { name: "SIGTERM", signal: SIGTERM, exit: "terminated" },
];

/** Where it is said that a signal has ended the process before it served. All borrowed for good. */
export interface SignalChannels {
  readonly logFd: HostFd | undefined;
  readonly debugLogFd: HostFd | undefined;
  readonly debugLogFormat: LogFormat;
}

/**
 * What signals do to the gofer. It is the first process of its PID namespace, where a signal without a handler does nothing: so there
 * are handlers from the start. SIGHUP, SIGINT and SIGTERM end it, at once until it serves, then after the connections were closed;
 * a second one ends it at once in any case. SIGQUIT has the state of things logged, and it goes on: an operator who looks into a
 * slow container must not end it by that, as the Go runtime would. Ended writing (SIGPIPE) is an error number and nothing else.
 */
export class Signals {
  readonly #bell: SignalBell;
  #endedBy: ExitReason | undefined;

  /** Installs the handlers. To be made once, before executable memory becomes forbidden. */
  constructor(channels: SignalChannels) {
    const ending = endingSignals.map(({ name, signal, exit }) => {
      return { signal, status: exitCodes[exit], lastWords: lastWords(name, channels) };
    });
    this.#bell = new SignalBell(ending, [SIGQUIT]);
  }

  /**
   * Lets `server` answer signals while `serving` lasts; `onQuit` is called at SIGQUIT, after the state was logged. Gives what ended it,
   * if a signal did.
   */
  async during(
    serving: () => Promise<void>,
    server: Server,
    onQuit: () => void,
    log: Log,
  ): Promise<ExitReason | undefined> {
    server.onBell(() => this.#answer(server, onQuit, log));
    this.#bell.handOver();
    await serving();
    this.#bell.takeBack();
    return this.#endedBy;
  }

  #answer(server: Server, onQuit: () => void, log: Log): void {
    if (this.#bell.take(SIGQUIT)) {
      logState(server, log);
      onQuit();
    }
    for (const { name, signal, exit } of endingSignals) {
      if (!this.#bell.take(signal)) continue;
      log.info(`ended by ${name}`);
      this.#endedBy ??= exit;
      server.stop();
    }
  }
}

function logState(server: Server, log: Log): void {
  const ownLine = `bun-gofer ${version} up for ${process.uptime().toFixed(3)} s`;
  for (const line of [ownLine, ...server.describe()]) log.info(`state: ${line}`);
}

function lastWords(name: string, { logFd, debugLogFd, debugLogFormat }: SignalChannels): LastWords[] {
  const message = `bun-gofer: ended at once by ${name}`;
  const words: LastWords[] = [];
  if (debugLogFd === undefined || !isSameFile(debugLogFd, standardError)) {
    words.push({ descriptor: standardError, text: `${message}\n` });
  }
  if (logFd !== undefined) {
    words.push({ descriptor: logFd, text: `${JSON.stringify({ msg: message, level: "error" })}\n` });
  }
  if (debugLogFd !== undefined) words.push({ descriptor: debugLogFd, text: debugLine(message, debugLogFormat) });
  return words;
}

/** Without the time, which is not known beforehand. */
function debugLine(message: string, format: LogFormat): string {
  if (format === "text") return `${message}\n`;
  return `${JSON.stringify({ [format === "json" ? "msg" : "log"]: message, level: "info" })}\n`;
}

function isSameFile(one: HostFd, other: HostFd): boolean {
  const { fstatSync } = nodeFs();
  try {
    const [first, second] = [fstatSync(one), fstatSync(other)];
    return first.dev === second.dev && first.ino === second.ino;
  } catch {
    return false;
  }
}
