import { existsSync } from "node:fs";
import { resolve } from "node:path";

const repositoryRoot = resolve(import.meta.dir, "../../..");

/** Executables the sandbox tests run. */
export type UnderTest = {
  /** Absolute path of runsc. */
  readonly runsc: string;
  /** Absolute path of the executable that must serve as gofer; undefined when any gofer will do. */
  readonly gofer: string | undefined;
};

/**
 * Names the executables to test: `dist/runsc` with `dist/bun-gofer` as its gofer, or what the environment says.
 * RUNSC_UNDER_TEST alone runs the same tests on a stock runsc; GOFER_UNDER_TEST then names the gofer to insist on.
 */
function executablesUnderTest(): UnderTest {
  const runsc = process.env["RUNSC_UNDER_TEST"];
  const gofer = process.env["GOFER_UNDER_TEST"];
  if (runsc === undefined) {
    return { runsc: resolve(repositoryRoot, "dist/runsc"), gofer: resolve(repositoryRoot, "dist/bun-gofer") };
  }
  return {
    runsc: resolve(repositoryRoot, runsc),
    gofer: gofer === undefined ? undefined : resolve(repositoryRoot, gofer),
  };
}

/** Where `make build` keeps the runsc as it was before adoption. */
export const unadoptedRunsc = resolve(repositoryRoot, "dist/runsc-stock");

export const underTest = executablesUnderTest();

for (const path of [underTest.runsc, underTest.gofer]) {
  if (path !== undefined && !existsSync(path)) {
    throw new Error(`${path} does not exist: run "make build", or name a runsc with RUNSC_UNDER_TEST`);
  }
}
