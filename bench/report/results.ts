import { z } from "zod";

/*
 * What the benchmarks write and the report reads. Each target takes its turns in the same rounds; "stock again" is one
 * more stock gofer, which shows how much two equals differ.
 */

const target = z.enum(["stock", "ours", "stock again"]);
export type Target = z.infer<typeof target>;

const goferTurn = z.object({
  target,
  round: z.int().positive(),
  operations: z.number().positive(),
  seconds: z.number().positive(),
  /** Processor time of the gofer, in user and in kernel mode. */
  processorSeconds: z.number().nonnegative(),
  p50Nanos: z.number().nonnegative(),
  p90Nanos: z.number().nonnegative(),
  p99Nanos: z.number().nonnegative(),
});
export type GoferTurn = z.infer<typeof goferTurn>;

const goferSeries = z.object({
  operation: z.string(),
  wire: z.enum(["socket", "channel"]),
  threads: z.int().positive(),
  mounts: z.int().positive(),
  turns: z.array(goferTurn),
});
export type GoferSeries = z.infer<typeof goferSeries>;

const processState = z.object({
  residentKiB: z.number(),
  proportionalKiB: z.number(),
  privateKiB: z.number(),
  threads: z.number(),
  descriptors: z.number(),
});

const footprint = z.object({
  target,
  executableBytes: z.number(),
  startMillis: z.array(z.number()).nonempty(),
  idle: processState,
  /** Processor time at idle, as a share of one processor. */
  idleProcessorShare: z.number(),
  nodes: z.number(),
  withNodes: processState,
  afterLoad: processState,
});
export type Footprint = z.infer<typeof footprint>;

/** What the program in bench/gofers writes: series or footprints. */
export const goferResults = z.object({
  seed: z.number(),
  processors: z.int().positive(),
  sharedCgroup: z.boolean(),
  gVisor: z.string(),
  turnMillis: z.number(),
  series: z.array(goferSeries),
  footprints: z.array(footprint),
});
export type GoferResults = z.infer<typeof goferResults>;

const sandboxSeries = z.object({
  workload: z.string(),
  directfs: z.boolean(),
  turns: z.array(z.object({ target, round: z.int().positive(), seconds: z.number().positive() })),
});

export const sandboxResults = z.object({ seed: z.number(), series: z.array(sandboxSeries) });
export type SandboxResults = z.infer<typeof sandboxResults>;

const microTiming = z.object({
  name: z.string(),
  averageNanos: z.number(),
  p50Nanos: z.number(),
  p99Nanos: z.number(),
});

export const microResults = z.object({
  files: z.array(z.object({ name: z.string(), timings: z.array(microTiming) })),
});
export type MicroResults = z.infer<typeof microResults>;

/** Where and with what was measured. */
export const machineFacts = z.object({
  date: z.string(),
  processor: z.string(),
  processors: z.number(),
  memoryBytes: z.number(),
  kernel: z.string(),
  /** How our gofer calls itself: its version, its commit, its Bun. */
  gofer: z.string(),
});
export type MachineFacts = z.infer<typeof machineFacts>;
