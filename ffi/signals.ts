import { addressOf, allocateStaticMemory, memory } from "./arena.ts";
import { CodePage } from "./code-page.ts";
import { doorbellWord } from "./doorbell.ts";
import { helperBell } from "./helper-thread.ts";
import type { HostFd } from "./host-fd.ts";
import { currentArchitecture } from "./machine.ts";
import { emitSignalRestorer, setSignalHandler } from "./signal-action.ts";
import {
  endingSignalHandlerStub,
  type RingingParts,
  ringingSignalHandlerStub,
  type StubWrite,
} from "./signal-stubs.ts";

/** What is written when a signal ends the process from within its handler. The descriptor is borrowed for good. */
export interface LastWords {
  readonly descriptor: HostFd;
  readonly text: string;
}

/** A signal that ends the process. */
export interface EndingSignal {
  readonly signal: number;
  readonly status: number;
  readonly lastWords: readonly LastWords[];
}

const wordBytes = 4;
const eventfdBytes = 8;

/**
 * Signals whose handlers ring the helper threads' bell and the doorbell, so that the loop wakes and can ask which has come. The
 * thread that runs JavaScript usually waits in a system call of ours, where the runtime's own handling of signals never gets
 * a turn. At rest they cost nothing.
 *
 * Those that end the process do so from within the handler until handOver() has been called, and again when one comes while another
 * has not yet had its effect.
 */
export class SignalBell {
  readonly #atOnceWord = allocateStaticMemory(wordBytes);
  readonly #countWords = new Map<number, number>();

  /** Installs the handlers. Throws when the kernel refuses. */
  constructor(ending: readonly EndingSignal[], ringing: readonly number[]) {
    const architecture = currentArchitecture();
    const codePage = new CodePage();
    const atOnceWord = addressOf(this.#atOnceWord);
    const parts = this.#ringingParts([...ending.map(({ signal }) => signal), ...ringing]);
    const handlers = [
      ...ending.map(({ signal, status, lastWords }) => {
        const end = { atOnceWord, status, writes: lastWords.map(writeOf) };
        return { signal, address: codePage.emit(endingSignalHandlerStub(end, parts(signal), architecture)) };
      }),
      ...ringing.map((signal) => {
        return { signal, address: codePage.emit(ringingSignalHandlerStub(parts(signal), architecture)) };
      }),
    ];
    const restorer = emitSignalRestorer(codePage);
    codePage.seal();
    this.takeBack();
    for (const { signal, address } of handlers) setSignalHandler(signal, address, restorer);
  }

  /** From now on the loop is there to end the process. */
  handOver(): void {
    Atomics.store(memory.i32, this.#atOnceWord >> 2, 0);
  }

  /** From now on nobody is: the handlers end the process themselves. */
  takeBack(): void {
    Atomics.store(memory.i32, this.#atOnceWord >> 2, 1);
  }

  /** Whether the signal has come since this was last asked. */
  take(signal: number): boolean {
    const word = this.#countWords.get(signal);
    return word !== undefined && Atomics.exchange(memory.i32, word >> 2, 0) > 0;
  }

  #ringingParts(signals: readonly number[]): (signal: number) => RingingParts {
    const one = allocateStaticMemory(eventfdBytes);
    memory.view.setUint32(one, 1, true);
    const shared = { bellWord: addressOf(doorbellWord), bellFd: helperBell(), one: addressOf(one) };
    for (const signal of signals) this.#countWords.set(signal, allocateStaticMemory(wordBytes));
    return (signal) => ({ ...shared, countWord: addressOf(this.#countWords.get(signal) ?? 0) });
  }
}

/** SAFETY: static memory stays where it is for good. */
function writeOf({ descriptor, text }: LastWords): StubWrite {
  const bytes = Buffer.from(text);
  const at = allocateStaticMemory(bytes.length);
  memory.u8.set(bytes, at);
  return { descriptor, address: addressOf(at), bytes: bytes.length };
}
