import { reportOf } from "./error-report.ts";
import type { Log } from "./log.ts";
import { type Rate, TokenBucket } from "./token-bucket.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Enough to see what goes on; at most 8,640 entries a day and connection once the first are used up. */
const defaultRate: Rate = { tokensMax: 20, millisPerToken: 10_000 };

/** The longest text in an entry: paths in a tree that a client makes have no limit of their own. */
const charactersMax = 2048;

/**
 * A log for what a client can cause: it passes on some entries at once, then so many in a time, and says how many it left out.
 * Texts are cut to a bounded length. So no client can fill a disk, or keep the gofer busy with writing.
 */
export class LimitedLog implements Log {
  readonly #log: Log;
  readonly #about: Fields;
  readonly #bucket: TokenBucket;
  #leftOut = 0;

  /** `about` is added to each entry. `clock` gives milliseconds from any start. */
  constructor(log: Log, about: Fields, rate = defaultRate, clock: () => number = () => performance.now()) {
    this.#log = log;
    this.#about = about;
    this.#bucket = new TokenBucket(rate, clock);
  }

  debug(message: string, fields?: Fields): void {
    if (this.#isAdmitted()) this.#log.debug(message, this.#bounded(fields));
  }

  info(message: string, fields?: Fields): void {
    if (this.#isAdmitted()) this.#log.info(message, this.#bounded(fields));
  }

  warn(message: string, fields?: Fields): void {
    if (this.#isAdmitted()) this.#log.warn(message, this.#bounded(fields));
  }

  error(message: string, fields?: Fields): void {
    if (this.#isAdmitted()) this.#log.error(message, this.#bounded(fields));
  }

  /** Says what was left out and not yet told of; to be called when nothing more will come. */
  end(): void {
    if (this.#leftOut === 0) return;
    this.#log.warn(`${this.#leftOut} log entries were left out`, this.#about);
    this.#leftOut = 0;
  }

  #isAdmitted(): boolean {
    if (!this.#bucket.take()) {
      this.#leftOut++;
      return false;
    }
    this.end();
    return true;
  }

  #bounded(fields: Fields = {}): Fields {
    const entries = Object.entries({ ...this.#about, ...fields });
    return Object.fromEntries(entries.map(([name, value]) => [name, cut(value)]));
  }
}

function cut(value: unknown): unknown {
  if (typeof value === "string") return cutText(value);
  if (!(value instanceof Error)) return value;
  const { type, message, stack } = reportOf(value);
  return { type, message: cutText(message), stack: cutText(stack) };
}

function cutText(text: string): string {
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax)}…`;
}
