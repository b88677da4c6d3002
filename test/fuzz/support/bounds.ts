/**
 * What a gofer may come to under attack. Measured: 51 MB at start; the highest seen is in the report that each run prints.
 */
export const bounds = {
  /** Resident memory of the gofer at any time, the shared pages of its executable and of channels included. */
  residentBytesMax: 400 * 1024 * 1024,
  /** A hang is meant, not slowness: the machine may be busy with other things. */
  bystanderWaitMillisMax: 2_000,
  /** What a client can make the gofer write to its log. */
  logBytesMax: 256 * 1024,
} as const;
