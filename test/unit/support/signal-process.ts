import { addressOf, allocateStaticMemory, memory } from "../../../ffi/arena.ts";
import { doorbellCount, doorbellWord } from "../../../ffi/doorbell.ts";
import { helperBell } from "../../../ffi/helper-thread.ts";
import { assumeOpen } from "../../../ffi/host-fd.ts";
import { SIG_SETMASK, SIGQUIT, SIGTERM } from "../../../ffi/linux.ts";
import { SignalBell } from "../../../ffi/signals.ts";
import { syscalls } from "../../../ffi/syscalls.ts";
import { expectFutex, ReadinessSet, waitForFutexes } from "../../../ffi/waiting.ts";
import { must } from "./results.ts";

/*
 * Says that it is ready, waits as the first argument says until a signal ends that, and prints which signals have come. SIGTERM is
 * an ending signal with status 143, SIGQUIT one that only rings.
 */

/** What a wait was ended by. */
export interface SignalReport {
  readonly terminated: boolean;
  readonly quit: boolean;
}

export type SignalWait = "without handing over" | "in a read" | "on the doorbell" | "on the bell" | "other thread";

const forever = -1;
const kernelSignalSetBytes = 8;
const place = allocateStaticMemory(kernelSignalSetBytes);

const bell = new SignalBell(
  [{ signal: SIGTERM, status: 143, lastWords: [{ descriptor: assumeOpen(1), text: "last words\n" }] }],
  [SIGQUIT],
);

/** Lets only the runtime's other threads take signals. */
function blockAllSignalsHere(): void {
  memory.view.setBigInt64(place, -1n, true);
  syscalls.rt_sigprocmask(SIG_SETMASK, addressOf(place), 0, kernelSignalSetBytes);
}

function waitForDoorbell(ready: () => void): void {
  expectFutex(0, doorbellWord, doorbellCount());
  ready();
  waitForFutexes(1, forever);
}

const waits: Readonly<Record<SignalWait, (ready: () => void) => void>> = {
  "without handing over": (ready) => {
    bell.takeBack();
    ready();
    syscalls.read(0, addressOf(place), 1);
  },
  "in a read": (ready) => {
    ready();
    syscalls.read(0, addressOf(place), 1);
  },
  "on the doorbell": waitForDoorbell,
  "on the bell": (ready) => {
    using set = new ReadinessSet();
    must(set.watch(helperBell(), "readable"));
    ready();
    while (!set.wait(forever).includes(helperBell()));
  },
  "other thread": (ready) => {
    blockAllSignalsHere();
    waitForDoorbell(ready);
  },
};

bell.handOver();
waits[process.argv[2] as SignalWait](() => console.log("ready"));
console.log(JSON.stringify({ terminated: bell.take(SIGTERM), quit: bell.take(SIGQUIT) } satisfies SignalReport));
process.exit(0);
