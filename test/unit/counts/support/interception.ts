import { memory } from "../../../../ffi/arena.ts";
import { syscalls } from "../../../../ffi/syscalls.ts";

type SystemCallName = keyof typeof syscalls;
type AnyCall = (...args: never[]) => unknown;

/** The same table, to be written to: whoever makes a call looks it up there each time. */
const table = syscalls as { [Name in SystemCallName]: (typeof syscalls)[Name] };

/**
 * Has `onWait` called whenever the loop is about to sleep, in place of whoever would wake it. The loop then finds what there is for it,
 * if anything, and does not sleep.
 */
export function interceptWaits(onWait: () => void): void {
  const { epoll_pwait: waitForSockets, futex_waitv: waitForChannels } = table;
  // Written out, since to gather arguments in an array would be garbage of ours.
  table.epoll_pwait = (epoll, events, eventsMax, timeout, mask, maskBytes) => {
    if (timeout !== 0) onWait();
    return waitForSockets(epoll, events, eventsMax, 0, mask, maskBytes);
  };
  table.futex_waitv = (words, _count, flags, deadline, clock) => {
    onWait();
    // The kernel refuses to wait for nothing, at once.
    return waitForChannels(words, 0, flags, deadline, clock);
  };
}

const bytesCopied = "bytes copied";

/** What the server does with the kernel and with the arena, by how often, or how many bytes. */
export class Tally {
  readonly #figures = new Map<string, number>();
  /** Whether it is the server whose doings are noted. */
  isOn = false;

  /** Counts each system call from now on, and each byte that is moved within the arena or into it. */
  constructor() {
    for (const name of Object.keys(table) as SystemCallName[]) this.#countCalls(name);
    this.#countCopies();
  }

  /** How often each system call was made, and how many bytes were copied, since clear(). */
  get figures(): ReadonlyMap<string, number> {
    return this.#figures;
  }

  clear(): void {
    this.#figures.clear();
  }

  #add(figure: string, count: number): void {
    if (this.isOn) this.#figures.set(figure, (this.#figures.get(figure) ?? 0) + count);
  }

  #countCalls(name: SystemCallName): void {
    const original = table[name] as AnyCall;
    const counting = (...args: never[]): unknown => {
      this.#add(name, 1);
      return original(...args);
    };
    Object.assign(table, { [name]: counting });
  }

  #countCopies(): void {
    const { u8 } = memory;
    const { copyWithin, set } = Uint8Array.prototype;
    u8.copyWithin = (target, start, end = u8.length) => {
      this.#add(bytesCopied, end - start);
      return copyWithin.call(u8, target, start, end) as typeof u8;
    };
    u8.set = (source, offset) => {
      this.#add(bytesCopied, source.length);
      set.call(u8, source, offset);
    };
  }
}
