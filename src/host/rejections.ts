import type { Log } from "../log/log.ts";

/** What a client may have to be refused for want of a flag, with the flag that would allow it. */
const remedies = {
  "open a FIFO": "--host-fifo=open",
  "open a Unix domain socket": "--host-uds=open",
  "create a Unix domain socket": "--host-uds=create",
  "connect to a Unix domain socket": "--host-uds=open",
  "open a character device": "--character-device-policy=passthrough",
} as const;

type Refused = keyof typeof remedies;

/** Says once of each kind of refusal what was refused and how to allow it: a client can cause any number of them. */
export class RejectionLog {
  readonly #log: Log;
  readonly #said = new Set<Refused>();

  constructor(log: Log) {
    this.#log = log;
  }

  say(refused: Refused, path: string): void {
    if (this.#said.has(refused)) return;
    this.#said.add(refused);
    this.#log.warn(`refused to ${refused} of the host; ${remedies[refused]} would allow it`, { path });
  }
}
