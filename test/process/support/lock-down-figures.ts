/** What it took to give up privileges. */
export interface LockDownFigures {
  readonly threads: number;
  readonly passes: number;
  readonly milliseconds: number;
}

/** Source: dropPrivileges(). Throws when the log does not have it. */
export function lockDownFiguresOf(debugLog: string): LockDownFigures {
  const pattern = /capabilities applied to all threads .*\bthreads=(\d+) passes=(\d+) milliseconds=([\d.]+)/;
  const [line, threads, passes, milliseconds] = pattern.exec(debugLog) ?? [];
  if (line === undefined) throw new Error(`nothing of capabilities in the log:\n${debugLog}`);
  return { threads: Number(threads), passes: Number(passes), milliseconds: Number(milliseconds) };
}
