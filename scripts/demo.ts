import { accessSync, constants, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { DemoFailure } from "./demo/failure.ts";
import { runInSandbox, type SandboxReport } from "./demo/sandbox.ts";
import { requestsServed, requestTable } from "./demo/statistics.ts";
import { checkHost, commands, prepareInput } from "./demo/story.ts";

const usage = `usage: bun scripts/demo.ts [--rootless] [--runsc FILE]

Runs a sandbox whose files dist/bun-gofer serves, with a read-only and a writable mount, and shows what it did.

  --rootless     without root; root itself turns into an unprivileged user for it
  --runsc FILE   this runsc in place of dist/runsc`;

/** The user that root turns into with --rootless: nobody. */
const unprivilegedId = 65534;

const repositoryRoot = resolve(import.meta.dir, "..");
const gofer = join(repositoryRoot, "dist/bun-gofer");

interface Options {
  readonly rootless: boolean;
  readonly runsc: string;
}

function parseOptions(): Options {
  try {
    const { values } = parseArgs({
      options: { rootless: { type: "boolean" }, runsc: { type: "string" }, help: { type: "boolean", short: "h" } },
    });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    const runsc = values.runsc === undefined ? join(repositoryRoot, "dist/runsc") : resolve(values.runsc);
    return { rootless: values.rootless ?? false, runsc };
  } catch (error) {
    console.error(`demo: ${error instanceof Error ? error.message : error}\n${usage}`);
    process.exit(2);
  }
}

function requireExecutable(path: string): void {
  try {
    accessSync(path, constants.X_OK);
  } catch (error) {
    throw new DemoFailure(`${path} is missing or not executable: run "make build"`, { cause: error });
  }
}

/**
 * With --rootless, root runs the demo again as an unprivileged user and takes over its exit status. Returns false when
 * that user could not reach the files of this repository.
 */
function runAgainWithoutRoot(options: Options): boolean {
  const asNobody = ["setpriv", `--reuid=${unprivilegedId}`, `--regid=${unprivilegedId}`, "--clear-groups"];
  for (const path of [options.runsc, gofer, process.execPath]) {
    if (!Bun.spawnSync([...asNobody, "test", "-x", path]).success) {
      console.log(`User ${unprivilegedId} cannot reach ${path}: staying root, with runsc's --rootless.`);
      return false;
    }
  }
  const again = Bun.spawnSync([...asNobody, process.execPath, ...process.argv.slice(1)], {
    cwd: "/",
    // That user has no home directory for Bun to keep a cache in.
    env: { PATH: process.env["PATH"] ?? "", BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0" },
    stdout: "inherit",
    stderr: "inherit",
  });
  process.exitCode = again.exitCode;
  return true;
}

function indented(text: string): string {
  return text.trimEnd().replaceAll(/^(?=.)/gm, "    ");
}

async function demonstrate(options: Options, directory: string): Promise<void> {
  const started = performance.now();
  const input = join(directory, "input");
  prepareInput(input);

  const runOnce = async (
    name: string,
    directfs: boolean,
  ): Promise<SandboxReport & { statistics: string; output: string }> => {
    const output = join(directory, `output-${name}`);
    const statistics = join(directory, `requests-${name}`);
    mkdirSync(output);
    const run = { ...options, gofer, directfs, directory: join(directory, name), input, output, statistics, commands };
    return { ...(await runInSandbox(run)), statistics, output };
  };

  console.log(`A sandbox whose files bun-gofer serves${options.rootless ? ", without root" : ""}`);
  console.log("\n1. directfs off, no overlay: all that the sandbox does with a file is a request to the gofer");
  const all = await runOnce("all", false);
  console.log(`   gofer     process ${all.goferPid}, which ran ${gofer}`);
  console.log(`   /input    ${input}, read-only\n   /output   ${all.output}, writable\n`);
  console.log(indented(all.transcript));

  console.log("\n2. What of it is on the host");
  checkHost(input, all.output);
  const listing = Bun.spawnSync(["ls", "-l", input, all.output]);
  console.log(indented(listing.stdout.toString()));
  console.log("   All that was written is there; the read-only mount is unchanged.");

  console.log("\n3. directfs on: the sandbox opens mounts itself, the gofer only hands them over");
  const few = await runOnce("few", true);
  if (few.transcript !== all.transcript) {
    throw new DemoFailure(`with directfs the sandbox saw something else:\n${indented(few.transcript)}`);
  }
  checkHost(input, few.output);
  console.log("   The same commands, with the same results inside and on the host.");

  console.log("\n4. Requests the gofer served");
  const [allRequests, fewRequests] = [requestsServed(all.statistics), requestsServed(few.statistics)];
  console.log(indented(requestTable(gofer, all.statistics)));
  console.log(`   ${allRequests} with directfs off, ${fewRequests} with directfs on.`);

  console.log(`\nAll as it should be, in ${((performance.now() - started) / 1000).toFixed(1)} s.`);
}

async function main(): Promise<void> {
  const options = parseOptions();
  requireExecutable(options.runsc);
  requireExecutable(gofer);
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && !options.rootless) {
    throw new DemoFailure('not root: try "make demo ROOTLESS=1"');
  }
  if (isRoot && options.rootless && runAgainWithoutRoot(options)) {
    return;
  }
  const directory = mkdtempSync(join(tmpdir(), "bun-gofer-demo-"));
  const cleanUp = (): void => rmSync(directory, { recursive: true, force: true });
  process.once("exit", cleanUp);
  for (const [signal, status] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    process.once(signal, () => process.exit(status));
  }
  await demonstrate(options, directory);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof DemoFailure)) {
    throw error;
  }
  console.error(`demo: ${error.message}`);
  process.exitCode = 1;
}
