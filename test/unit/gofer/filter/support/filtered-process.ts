import { writeSync } from "node:fs";
import { addressOf, allocateMemory, pageBytes } from "../../../../../ffi/arena.ts";
import { HelperThread } from "../../../../../ffi/helper-thread.ts";
import { Libseccomp, SeccompFailure } from "../../../../../ffi/libseccomp.ts";
import type { SyscallName } from "../../../../../ffi/machine.ts";
import { OwnTasks } from "../../../../../ffi/own-tasks.ts";
import { GoferFilter } from "../../../../../src/gofer/filter/filter.ts";
import type { HostSocketPolicy } from "../../../../../src/gofer/global-flags.ts";
import { StartFailure } from "../../../../../src/gofer/start-failure.ts";
import { silentLog } from "../../../../../src/log/create-log.ts";
import { rawCall } from "../../../../confinement/support/raw-call.ts";
import { must } from "../../../support/results.ts";

/*
 * Installs the gofer's filter on this process, makes the calls of the first argument, and prints a line with what each returned. Who
 * waits for that sees by what signal it ends.
 */

/** An integer, as text where it has more than 32 bits; a page of zeros, by its address; or the process's own ID. */
type TrialArgument = number | string;

/** A system call to be made under the filter. */
export interface Trial {
  /** Its name, or its number where it has none. */
  readonly call: string | number;
  readonly args: readonly TrialArgument[];
}

/** A rule on its way to another process: bigints as text. */
interface SentRule {
  readonly call: string;
  readonly where: readonly { readonly argument: number; readonly mask: string; readonly value: string }[];
  readonly because: string;
}

/** What a filtered process is to do. */
export interface FilteredRun {
  readonly usesLisafs: boolean;
  readonly hostUds: HostSocketPolicy;
  readonly trials: readonly Trial[];
  /** Whether the engine is put under pressure afterwards. */
  readonly pressure: boolean;
  /** Whether a helper thread makes the calls. */
  readonly onHelperThread: boolean;
  readonly extraRules: readonly SentRule[];
}

const page = allocateMemory(pageBytes) ?? 0;
const pressureRounds = 150;
const roundsBetweenCollections = 40;

function integerOf(argument: TrialArgument): bigint {
  if (argument === "page") return BigInt(addressOf(page));
  if (argument === "own pid") return BigInt(process.pid);
  return BigInt(argument);
}

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

async function inWorker(body: string): Promise<void> {
  const worker = new Worker(URL.createObjectURL(new Blob([body], { type: "text/javascript" })));
  await new Promise((resolve) => {
    worker.onmessage = resolve;
  });
}

const garbage =
  "let all = []; for (let i = 0; i < 20000; i++) all.push({ i, text: 'x' + i, bytes: i % 50 ? 0 : new Uint8Array(3000) });";

/** Much garbage, functions that are compiled anew, and collections. */
async function makePressure(): Promise<void> {
  for (let round = 0; round < pressureRounds; round++) {
    const compiled = new Function(
      "n",
      `${garbage} let sum = ${round}; for (let i = 0; i < 5000; i++) sum += (n * i) % 7; return sum;`,
    );
    for (let call = 0; call < 3; call++) compiled(call);
    if (round % roundsBetweenCollections === 0) Bun.gc(true);
    if (round % 10 === 0) await Bun.sleep(1);
  }
}

const { usesLisafs, hostUds, trials, pressure, onHelperThread, extraRules } = JSON.parse(
  process.argv[2] ?? "",
) as FilteredRun;

const library = await Libseccomp.load();
if (library instanceof SeccompFailure) throw new Error(library.reason);
const calls = trials.map(({ call, args }) => ({
  number: typeof call === "number" ? call : library.numberOf(call),
  name: call as SyscallName,
  args: args.map(integerOf),
}));
const rules = extraRules.map((rule) => ({
  ...rule,
  where: rule.where.map(({ argument, mask, value }) => ({ argument, mask: BigInt(mask), value: BigInt(value) })),
}));
const request = { usesLisafs, hostUds, profilesCpu: false, extraRules: rules, logFd: undefined };
const filter = await GoferFilter.prepare(request, silentLog);
if (filter instanceof StartFailure) {
  say(filter.reason);
  process.exit(1);
}
if (pressure) await inWorker(`setInterval(() => { ${garbage} }, 5); postMessage("ready")`);
const failure = filter.install(must(OwnTasks.open()), silentLog);
if (failure !== undefined) throw new Error(failure.reason);
say("filtered");
const helper = onHelperThread ? HelperThread.start() : undefined;
for (const { number, name, args } of calls) {
  if (number === undefined) throw new Error(`there is no call ${name}`);
  if (helper === undefined) {
    say(String(rawCall(number, ...args)));
    continue;
  }
  helper.post(name, args);
  let returned: number | undefined;
  while (returned === undefined) {
    await Bun.sleep(1);
    returned = helper.takeResult();
  }
  say(String(returned));
}
if (pressure) await makePressure();
say("done");
process.exit(0);
