import { StartFailure } from "../../../../src/gofer/start-failure.ts";

/** The exit reason and the text of a failure, in one line; throws when there is none. */
export function reasonOf(outcome: unknown): string {
  if (outcome instanceof StartFailure) return `${outcome.exit}: ${outcome.reason}`;
  throw new Error(`want a failure, got ${JSON.stringify(outcome)}`);
}

/** What was attempted; throws the reason when it failed. */
export function successOf<T>(outcome: T): Exclude<T, StartFailure> {
  if (outcome instanceof StartFailure) throw new Error(`${outcome.exit}: ${outcome.reason}`);
  return outcome as Exclude<T, StartFailure>;
}
