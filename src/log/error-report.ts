/** What a log says of an error. Its other properties are left out: a library may keep requests there, and with them secrets. */
export interface ErrorReport {
  readonly type: string;
  readonly message: string;
  /** Of the error, and of what caused it. */
  readonly stack: string;
}

const causesMax = 4;

export function reportOf(error: Error): ErrorReport {
  const stacks = [stackOf(error)];
  let { cause } = error;
  while (cause instanceof Error && stacks.length <= causesMax) {
    stacks.push(stackOf(cause));
    ({ cause } = cause);
  }
  return { type: error.name, message: error.message, stack: stacks.join("\ncaused by: ") };
}

function stackOf(error: Error): string {
  return error.stack ?? `${error.name}: ${error.message}`;
}
