import type { Outcome } from "../../../../src/elf/outcome.ts";

/** The value of an outcome that must be one. */
export function acceptedValue<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) {
    throw new Error(`refused: ${outcome.reason}`);
  }
  return outcome.value;
}

/** The reason of an outcome that must be a refusal. */
export function refusalReason(outcome: Outcome<unknown>): string {
  if (outcome.ok) {
    throw new Error("not refused");
  }
  return outcome.reason;
}
