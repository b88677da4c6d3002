/** What a gofer may come to under attack. Each run prints what it came to. */
export const bounds = {
  /**
   * Resident memory of the gofer at any time, the shared pages of its executable (40 MiB) and of channels included. Measured: 50 MiB
   * at start, 100 MiB at most.
   */
  residentBytesMax: 192 * 1024 * 1024,
  /** What a peer that keeps the gofer awake and asks for nothing may make it use more: a connection's buffer is 2 MiB. */
  idleGrowthBytesMax: 12 * 1024 * 1024,
  /** A hang is meant, not slowness: the machine may be busy with other things. */
  bystanderWaitMillisMax: 2_000,
  /** What a client can make the gofer write to its log. */
  logBytesMax: 256 * 1024,
} as const;
