import { mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { EncodedAttempt } from "./encoded-attempt.ts";

const repositoryRoot = resolve(import.meta.dir, "../../..");
const program = resolve(repositoryRoot, ".cache/stock-filter");

/** A mode of the stock gofer's filter. Source: Options in runsc/fsgofer/filter/config. */
export interface StockOptions {
  readonly DirectFS?: boolean;
  readonly UDSOpenEnabled?: boolean;
  readonly UDSCreateEnabled?: boolean;
}

/** Builds the program that makes calls under the filter. */
export function buildStockFilter(): void {
  mkdirSync(dirname(program), { recursive: true });
  const { success, stderr } = Bun.spawnSync(["go", "build", "-o", program, "."], {
    cwd: resolve(import.meta.dir, "../stock"),
    env: { ...process.env, CGO_ENABLED: "0" },
  });
  if (!success) throw new Error(`cannot build the stock gofer's filter: ${stderr.toString()}`);
}

/** What comes of each attempt under the filter, as ProberProcess.attempt() says it. */
export function attemptUnderStock(options: StockOptions, attempts: readonly EncodedAttempt[]): readonly string[] {
  const { success, stdout, stderr } = Bun.spawnSync([program], {
    stdin: Buffer.from(JSON.stringify({ Options: options, Attempts: attempts })),
  });
  if (!success) throw new Error(`the stock gofer's filter cannot be tried: ${stderr.toString()}`);
  return JSON.parse(stdout.toString());
}
