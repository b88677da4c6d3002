import { accessSync, chmodSync, constants, copyFileSync, existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type UnderTest, unadoptedRunsc, underTest } from "./under-test.ts";

/** Who starts runsc, and how. */
export type Caller = {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Words that come before a command to run it as this caller. */
  readonly commandPrefix: readonly string[];
  readonly runscFlags: readonly string[];
  readonly executables: UnderTest;
  /** The runsc as it was before adoption, where this caller can reach it. */
  readonly stockExecutables: UnderTest;
  /** Why this caller cannot be tried on this machine; undefined when it can. */
  readonly unavailable: string | undefined;
};

const stock: UnderTest = { runsc: unadoptedRunsc, gofer: undefined };

/** An ID that no account uses. 65534 would not do: it is also what unmapped owners look like. */
const unprivilegedId = 54321;

const ownUid = process.getuid?.() ?? -1;
const ownGid = process.getgid?.() ?? -1;

function succeeds(command: readonly string[]): boolean {
  return Bun.spawnSync([...command], { stdin: "ignore", stdout: "ignore", stderr: "ignore" }).success;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function rootCaller(): Caller {
  let unavailable: string | undefined;
  if (ownUid !== 0) {
    unavailable = "not run as root";
  } else if (!succeeds(["unshare", "--mount", "--pid", "--fork", "true"])) {
    unavailable = "root may not create namespaces here";
  }
  return {
    name: "root",
    uid: 0,
    gid: 0,
    commandPrefix: [],
    runscFlags: [],
    executables: underTest,
    stockExecutables: stock,
    unavailable,
  };
}

/** Shells that wait for the end of their input, which is that of this process. Kept here, or it would close sooner. */
const removers: Bun.Subprocess[] = [];

/** Removes a directory when all tests are over. bun:test has no hook for that and runs no exit handler. */
function removeAtEndOfProcess(directory: string): void {
  const remover = Bun.spawn(["sh", "-c", 'cat > /dev/null; rm -r "$1"', "sh", directory], { stdin: "pipe" });
  remover.unref();
  removers.push(remover);
}

/**
 * Copies the executables to a directory that everybody may enter, for a repository below a private home directory.
 * An adopted runsc holds the absolute path of its gofer, so the copy is adopted anew. Throws when that fails.
 */
function copyForEverybody(executables: UnderTest): UnderTest {
  const directory = mkdtempSync(join(tmpdir(), "bun-gofer-executables-"));
  removeAtEndOfProcess(directory);
  chmodSync(directory, 0o755);
  const copy = (source: string, name: string): string => {
    const target = join(directory, name);
    copyFileSync(source, target);
    chmodSync(target, 0o755);
    return target;
  };
  if (executables.gofer === undefined) {
    return { runsc: copy(executables.runsc, "runsc"), gofer: undefined };
  }
  const gofer = copy(executables.gofer, "bun-gofer");
  const runsc = join(directory, "runsc");
  const adoption = Bun.spawnSync([gofer, "adopt", unadoptedRunsc, "--output", runsc, "--gofer", gofer]);
  if (!adoption.success) {
    throw new Error(`cannot adopt a copy of ${unadoptedRunsc}: ${adoption.stderr.toString().trim()}`);
  }
  return { runsc, gofer };
}

function rootlessCaller(): Caller {
  const identity = ownUid === 0 ? { uid: unprivilegedId, gid: unprivilegedId } : { uid: ownUid, gid: ownGid };
  const commandPrefix =
    ownUid === 0
      ? ["setpriv", `--reuid=${identity.uid}`, `--regid=${identity.gid}`, "--clear-groups", "--inh-caps=-all"]
      : [];
  const caller = { name: "rootless", ...identity, commandPrefix, runscFlags: ["--rootless"] } as const;
  const cannot = (unavailable: string): Caller => ({
    ...caller,
    executables: underTest,
    stockExecutables: stock,
    unavailable,
  });

  if (commandPrefix.length > 0 && Bun.which("setpriv") === null) {
    return cannot("setpriv is missing (package util-linux)");
  }
  if (!succeeds([...commandPrefix, "unshare", "--user", "--map-root-user", "--mount", "true"])) {
    return cannot("unprivileged users may not create user namespaces here");
  }
  const withinReach = (executables: UnderTest): UnderTest => {
    const outOfReach = [executables.runsc, executables.gofer].some(
      (path) => path !== undefined && !succeeds([...commandPrefix, "test", "-x", path]),
    );
    return outOfReach ? copyForEverybody(executables) : executables;
  };
  const executables = withinReach(underTest);
  const stockExecutables = existsSync(stock.runsc) ? withinReach(stock) : stock;
  return { ...caller, executables, stockExecutables, unavailable: undefined };
}

if (!isExecutable(underTest.runsc)) {
  throw new Error(`${underTest.runsc} is not executable`);
}

export const root = rootCaller();
export const rootless = rootlessCaller();

/** The same caller with the stock runsc, for comparing with it. */
export function withStockRunsc(caller: Caller): Caller {
  const unavailable = existsSync(unadoptedRunsc) ? caller.unavailable : `${unadoptedRunsc} does not exist`;
  return { ...caller, executables: caller.stockExecutables, unavailable };
}

export const callers: readonly Caller[] = [root, rootless];

/** Whoever is best placed to run what need not be tried both ways. */
export const anyCaller: Caller = root.unavailable === undefined ? root : rootless;
