import { describe, expect, test } from "bun:test";
import { writeBundle } from "./support/bundle.ts";
import { type Caller, root, rootless, withStockRunsc } from "./support/caller.ts";
import { type Confinement, observeConfinement } from "./support/confinement.ts";
import { expectFile } from "./support/container.ts";
import { expectGofers } from "./support/gofer-observation.ts";
import { privilegesOfTasks } from "./support/live-process.ts";
import { becomesTrue } from "./support/poll.ts";
import { gofersMentioning } from "./support/process-table.ts";
import { dataPath, type Mode, runscDetached, runscOutput } from "./support/runsc.ts";
import { inWorkspace, sandboxTest } from "./support/sandbox-test.ts";
import { underTest } from "./support/under-test.ts";

const observationSecondsMax = 60;
const testMillisMax = 3 * observationSecondsMax * 1000;

/** False when this file runs on a stock runsc, to try out the tests themselves. */
const testsOurs = underTest.gofer !== undefined;

type Pair = { readonly stock: Confinement; readonly ours: Confinement };

/** Looks at the stock gofer and at the one under test, once, when it is first asked for. */
function observation(caller: Caller, mode: Mode): () => Promise<Pair> {
  let pair: Promise<Pair> | undefined;
  const observe = (each: Caller): Promise<Confinement> =>
    inWorkspace(`confinement of ${each.executables.runsc}`, each, observationSecondsMax, (ws) =>
      observeConfinement(ws, mode),
    );
  const observeBoth = async (): Promise<Pair> => ({
    stock: await observe(withStockRunsc(caller)),
    ours: await observe(caller),
  });
  return () => {
    pair ??= observeBoth();
    return pair;
  };
}

/** What a start differs in from another, and the global flags that make it so. */
type Variant = { readonly name: string; readonly flags: readonly string[] };

const hostUds = (value: string): Variant => ({ name: `host-uds ${value}`, flags: [`--host-uds=${value}`] });

const variantsOfCallers: readonly (readonly [Caller, readonly Variant[]])[] = [
  [root, [hostUds("none"), hostUds("open"), hostUds("create"), hostUds("all")]],
  [rootless, [hostUds("none"), hostUds("all")]],
];

/** Kinds of descriptors that may be many: of none has our gofer more than the stock one. */
const countedDescriptors = [
  "/dev/null",
  "/ in a proc file system",
  "anon_inode:[io_uring]",
  "channel memory",
  "socket",
];

/** Variables that the way into the gofer lets through. */
const allowedVariable = /^(?:BUN_GOFER_.*|TZ)$/;

/** The one region that JavaScriptCore reserves for code that it writes. */
const jitRegion = { bytes: 2 ** 30, isWritable: true, isExecutable: true, isPrivate: true, backing: "" };

/** What else may be executed. Beside these there are pages without a name: the stubs that make system calls. */
const executableBackings: readonly { readonly backing: RegExp; readonly because: string }[] = [
  { backing: /\/bun-gofer$/, because: "the executable" },
  {
    backing: /\/lib(?:c|m|dl|pthread)\.so\.\d$|\/ld-[^/]*\.so\.\d$/,
    because: "the C library that the executable is linked with",
  },
  { backing: /^\/memfd:libseccomp \(deleted\)$/, because: "the library in the executable that makes the filter" },
  { backing: /^\[(?:vdso|vsyscall)\]$/, because: "the kernel's" },
];
const stubBytesMax = 128 * 1024;

function skipReason(caller: Caller): string | undefined {
  return caller.unavailable ?? withStockRunsc(caller).unavailable;
}

function confinementTests(caller: Caller, mode: Mode): void {
  const observe = observation(caller, mode);
  const reason = skipReason(caller);
  const compare = (name: string, body: (pair: Pair) => void): void => {
    if (reason === undefined) {
      test(name, async () => body(await observe()), testMillisMax);
    } else {
      test.skip(`${name} (skipped: ${reason})`, () => {});
    }
  };

  compare(
    "every task has the IDs, capabilities, no_new_privs and filter of the stock gofer's tasks",
    ({ stock, ours }) => {
      expect(stock.privileges).toHaveLength(1);
      expect(stock.privileges[0]).toMatchObject({ NoNewPrivs: "1", Seccomp: "2" });
      expect(ours.privileges).toEqual(stock.privileges);
    },
  );

  compare("its root holds what the stock gofer's holds, and so do its mounts", ({ stock, ours }) => {
    expect(ours.rootEntries).toEqual(stock.rootEntries);
    expect(ours.mounts).toEqual(stock.mounts);
    expect(ours.worksInItsRoot).toBe(true);
  });

  compare("above its root there is no more than above the stock gofer's", ({ stock, ours }) => {
    expect(stock.aboveRoot).toContain("root");
    expect(ours.aboveRoot.filter((entry) => !stock.aboveRoot.includes(entry))).toEqual([]);
  });

  compare("it is in its own namespaces where the stock gofer is", ({ stock, ours }) => {
    expect(ours.namespaces).toEqual(stock.namespaces);
  });

  compare("it has no kinds of descriptors but the stock gofer's", ({ stock, ours }) => {
    expect(Object.keys(ours.descriptors).filter((kind) => !(kind in stock.descriptors))).toEqual([]);
    const countOf = ({ descriptors }: Confinement, kind: string): number => descriptors[kind] ?? 0;
    expect(countedDescriptors.filter((kind) => countOf(ours, kind) > countOf(stock, kind))).toEqual([]);
  });

  compare("it was started without the variables of whoever started runsc", ({ stock, ours }) => {
    expect(stock.variables).toContain("PATH");
    if (testsOurs) {
      expect(ours.variables.filter((name) => !allowedVariable.test(name))).toEqual([]);
    }
  });

  compare("no memory of it is writable and executable but the JIT's", ({ stock, ours }) => {
    const both = ({ mappings }: Confinement) => mappings.filter((each) => each.isWritable && each.isExecutable);
    expect(both(stock)).toEqual([]);
    expect(both(ours)).toEqual(testsOurs ? [jitRegion] : []);
  });

  compare("nothing can be executed but its executable, its libraries and its stubs", ({ ours }) => {
    if (!testsOurs) {
      return;
    }
    const executable = ours.mappings.filter((each) => each.isExecutable && !each.isWritable);
    const named = executable.filter(({ backing }) => backing !== "").map(({ backing }) => backing);
    expect(named.filter((name) => !executableBackings.some(({ backing }) => backing.test(name)))).toEqual([]);
    const stubs = executable.filter(({ backing }) => backing === "");
    expect(stubs.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(stubBytesMax);
  });
}

for (const [caller, variants] of variantsOfCallers) {
  for (const directfs of [false, true]) {
    for (const { name, flags } of variants) {
      describe(`confinement: ${caller.name}, directfs ${directfs ? "on" : "off"}, ${name}`, () => {
        confinementTests(caller, { directfs, overlay: "none", flags });
      });
    }
  }
}

describe("limits", () => {
  const descriptorsMax = 321;
  const unlimitedCore: Caller = { ...root, commandPrefix: ["prlimit", "--core=unlimited:unlimited"] };
  const observe = observation(unlimitedCore, { ...dataPath, flags: [`--fdlimit=${descriptorsMax}`] });
  const reason = skipReason(root) ?? (Bun.which("prlimit") === null ? "prlimit is missing" : undefined);
  const name = "are the stock gofer's, but that it dumps no core";
  if (reason === undefined) {
    test(
      name,
      async () => {
        const { stock, ours } = await observe();
        const { "Max core file size": stockCore, ...stockRest } = stock.limits;
        const { "Max core file size": ourCore, ...ourRest } = ours.limits;
        expect(stockRest["Max open files"]).toBe(`${descriptorsMax} ${descriptorsMax}`);
        expect(ourRest).toEqual(stockRest);
        expect(stockCore).toBe("unlimited unlimited");
        expect(ourCore).toBe(testsOurs ? "0 0" : stockCore);
      },
      testMillisMax,
    );
  } else {
    test.skip(`${name} (skipped: ${reason})`, () => {});
  }
});

/** Number of fallocate(2), which perl has no function for. */
const fallocateNumber = process.arch === "arm64" ? 47 : 285;

/** Processes that reserve space for a file each, over and over until they are told to stop. That is done on other threads. */
const processes = 6;
const allocateScript = `
  cd /data && touch ready && until [ -e go ]; do sleep 0.01; done
  for n in $(seq ${processes}); do
    perl -e '
      open F, ">", $ARGV[0];
      until (-e "stop") { syscall(${fallocateNumber}, fileno(F), 0, 0, 4 << 20) and die $!; truncate F, 0 or die $! }
    ' file-$n &
  done
  wait; touch done; exec sleep 1000`;
/** Our threads for system calls that last are started as they are needed; the stock gofer has some in store. */
const tasksAddedMin = testsOurs ? 2 : 0;
const eventSecondsMax = 20;

for (const caller of [root, rootless]) {
  sandboxTest(
    `${caller.name}: tasks that begin while it serves are confined as those before`,
    { caller, programs: ["perl"] },
    async (ws) => {
      const mounts = [{ source: ws.makeDirectory("data"), destination: "/data" }];
      const bundle = writeBundle(ws, { name: "bundle", script: allocateScript, mounts });
      await runscDetached(ws, dataPath, ["run", "--detach", `--bundle=${bundle.directory}`, "one"]);
      await expectFile(ws.path("data/ready"));
      await expectGofers(ws, 1);
      const pid = gofersMentioning(ws.directory)[0]?.pid ?? 0;
      const before = privilegesOfTasks(pid);
      const added = () => [...privilegesOfTasks(pid)].filter(([task]) => !before.has(task));
      ws.writeFile("data/go", "");
      expect(await becomesTrue(() => added().length >= tasksAddedMin, eventSecondsMax)).toBe(true);
      const privileges = before.get(pid);
      expect(privileges).toMatchObject({ NoNewPrivs: "1", Seccomp: "2" });
      expect(added().filter(([, found]) => !Bun.deepEquals(found, privileges))).toEqual([]);
      ws.writeFile("data/stop", "");
      await expectFile(ws.path("data/done"));
      await runscOutput(ws, dataPath, ["delete", "--force", "one"]);
    },
  );
}
