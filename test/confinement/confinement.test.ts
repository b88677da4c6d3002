import { beforeAll, describe, expect, test } from "bun:test";
import { currentArchitecture, syscallNumbers } from "../../ffi/machine.ts";
import { processTest } from "../process/support/process-test.ts";
import { type Attempt, forbidden, hostSocket, makeDevice, newClone, openAt, openPath } from "./attempts.ts";
import { type EncodedAttempt, encodeAttempt } from "./support/encoded-attempt.ts";
import type { ProbeThread } from "./support/prober-extension.ts";
import { buildProber, ProberProcess } from "./support/prober-process.ts";
import { attemptUnderStock, buildStockFilter, type StockOptions } from "./support/stock-filter.ts";

const buildSecondsMax = 300;
const secondsMax = 300;
const architecture = currentArchitecture();

/** An attempt on this architecture. */
interface Trial {
  readonly attempt: Attempt;
  readonly encoded: EncodedAttempt;
}

interface Mode {
  readonly name: string;
  readonly globalFlags: readonly string[];
  readonly stock: StockOptions;
  readonly hostSockets: boolean;
}

const withoutDirectfs: Mode = {
  name: "without directfs",
  globalFlags: ["--directfs=false"],
  stock: {},
  hostSockets: false,
};

const modes: readonly Mode[] = [
  withoutDirectfs,
  { name: "with directfs", globalFlags: ["--directfs=true"], stock: { DirectFS: true }, hostSockets: false },
  {
    name: "with host sockets",
    globalFlags: ["--directfs=false", "--host-uds=all"],
    stock: { UDSOpenEnabled: true, UDSCreateEnabled: true },
    hostSockets: true,
  },
];

function trialsOf(attempts: readonly Attempt[]): readonly Trial[] {
  return attempts.flatMap((attempt) => {
    const encoded = encodeAttempt(attempt);
    return encoded === undefined ? [] : [{ attempt, encoded }];
  });
}

const trials = trialsOf([...forbidden, hostSocket]);

function trialsIn({ hostSockets }: Mode): readonly Trial[] {
  return hostSockets ? trialsOf(forbidden) : trials;
}

/** Those whose calls a helper thread knows. */
const helperNumbers: ReadonlySet<number> = new Set(
  Object.values(syscallNumbers).map((numbers) => numbers[architecture === "x64" ? 0 : 1]),
);
const helperTrials = trials.filter(({ encoded }) => helperNumbers.has(encoded.Number));

function expectedIn({ hostSockets }: Mode, { withHostSockets = "killed" }: Attempt): string {
  return hostSockets ? withHostSockets : "killed";
}

/** What comes of one attempt, in a gofer of its own. */
async function outcomeOf(encoded: EncodedAttempt, thread: ProbeThread, { globalFlags }: Mode): Promise<string> {
  await using gofer = new ProberProcess(globalFlags);
  return await gofer.attempt(thread, encoded);
}

/** Makes each attempt, and gives those that did not come out as they should. */
async function surprises(tried: readonly Trial[], thread: ProbeThread, mode: Mode): Promise<readonly string[]> {
  const surprising: string[] = [];
  for (const { attempt, encoded } of tried) {
    const outcome = await outcomeOf(encoded, thread, mode);
    const expected = expectedIn(mode, attempt);
    if (outcome !== expected) surprising.push(`${attempt.what}: ${outcome}, not ${expected}`);
  }
  return surprising;
}

beforeAll(buildProber, buildSecondsMax * 1000);

describe("a confined gofer", () => {
  for (const mode of modes) {
    processTest(
      `is killed for forbidden calls ${mode.name} (${trialsIn(mode).length} tried)`,
      async () => expect(await surprises(trialsIn(mode), "main", mode)).toEqual([]),
      secondsMax,
    );
  }

  processTest(
    `is killed for forbidden calls on a helper thread (${helperTrials.length} tried)`,
    async () => expect(await surprises(helperTrials, "helper", withoutDirectfs)).toEqual([]),
    secondsMax,
  );

  processTest(
    `is killed for forbidden calls in a handler that has waited (${trials.length} tried)`,
    async () => expect(await surprises(trials, "async", withoutDirectfs)).toEqual([]),
    secondsMax,
  );

  processTest("has no clone3, which libc does without", async () => {
    for (const { encoded } of trialsOf([newClone])) {
      expect(await outcomeOf(encoded, "main", withoutDirectfs)).toBe("ENOSYS");
    }
  });

  // The stock gofer's filter lets it try: then it is the missing capability that counts.
  processTest("may not make a device", async () => {
    for (const { encoded } of trialsOf([makeDevice])) {
      expect(await outcomeOf(encoded, "main", withoutDirectfs)).toBe("killed");
    }
  });
});

describe("a confined gofer finds nothing outside its root", () => {
  processTest("by a path", async () => {
    await using gofer = new ProberProcess(withoutDirectfs.globalFlags);
    const up = "/..".repeat(20);
    const paths = [gofer.outsideFile, up + gofer.outsideFile, "/proc/self/environ", "/proc/1/root", "/proc", "/sys"];
    for (const { attempt, encoded } of trialsOf(paths.map(openPath))) {
      expect([attempt.args[1], await gofer.attempt("main", encoded)]).toEqual([attempt.args[1], "ENOENT"]);
    }
    // What is there is found.
    for (const { encoded } of trialsOf([openPath("/etc/name")])) {
      expect(await gofer.attempt("main", encoded)).toBe("done");
    }
  });

  processTest("from any descriptor it holds", async () => {
    await using gofer = new ProberProcess(withoutDirectfs.globalFlags);
    const { descriptors, outsideFile } = gofer;
    const names = [
      outsideFile.slice(1),
      "status",
      "environ",
      "root",
      "cwd",
      "exe",
      "fd",
      "task",
      "self",
      "1/environ",
      "proc",
    ];
    const paths = [1, 2, 3, 4, 20].flatMap((levels) => names.map((name) => "../".repeat(levels) + name));
    const found: string[] = [];
    for (const descriptor of descriptors) {
      for (const { attempt, encoded } of trialsOf(paths.map((path) => openAt(descriptor, path)))) {
        const outcome = await gofer.attempt("main", encoded);
        if (outcome !== "ENOENT" && outcome !== "ENOTDIR" && outcome !== "EBADF") {
          found.push(`${descriptor} ${String(attempt.args[1])}: ${outcome}`);
        }
      }
    }
    expect(found).toEqual([]);
  });
});

const goIsMissing = Bun.which("go") === null;

describe.skipIf(goIsMissing)(`the stock gofer's filter${goIsMissing ? " (skipped: missing: go)" : ""}`, () => {
  beforeAll(buildStockFilter, buildSecondsMax * 1000);

  for (const mode of modes) {
    test(`does to each of these calls ${mode.name} what this gofer's does`, () => {
      const tried = trialsIn(mode);
      const outcomes = attemptUnderStock(
        mode.stock,
        tried.map(({ encoded }) => encoded),
      );
      expect(outcomes).toEqual(tried.map(({ attempt }) => expectedIn(mode, attempt)));
    });
  }

  test("kills for clone3, where this gofer's says that there is none", () => {
    const clones = trialsOf([newClone]).map(({ encoded }) => encoded);
    expect(attemptUnderStock({}, clones)).toEqual(["killed"]);
  });
});
