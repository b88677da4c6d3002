import type { ExitReason } from "./exit-codes.ts";

/** Why the gofer cannot start. A value that is handed up: command.ts reports it and ends the process. */
export class StartFailure {
  readonly exit: ExitReason;
  /** One line for people, without a full stop. */
  readonly reason: string;

  constructor(exit: ExitReason, reason: string) {
    this.exit = exit;
    this.reason = reason;
  }

  /** The same failure, with what was being done in front. */
  while(doing: string): StartFailure {
    return new StartFailure(this.exit, `${doing}: ${this.reason}`);
  }
}

/** What a step of the start gives: its value, or why the gofer cannot start. */
export type Attempt<T> = T | StartFailure;

/** What was thrown, in one line for people. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
