/** A place in the tree of calls that were seen. */
export interface ProfileNode {
  readonly id: number;
  readonly children?: readonly number[];
}

/** What a .cpuprofile file holds, as far as we look at it. Times in microseconds. Source: Profiler.Profile of V8's inspector. */
export interface CpuProfile {
  /** The first is the root of all others. */
  readonly nodes: readonly ProfileNode[];
  readonly startTime: number;
  readonly endTime: number;
  /** The node that was seen, for each sample. */
  readonly samples: readonly number[];
  /** The time from the sample before, or from the start. */
  readonly timeDeltas: readonly number[];
}

/** Both in one, `later` behind `earlier`. Their trees have only the root in common: what was called in both is there twice. */
export function joinProfiles(earlier: CpuProfile, later: CpuProfile): CpuProfile {
  const [root, ...nodes] = earlier.nodes;
  const [laterRoot, ...laterNodes] = later.nodes;
  if (root === undefined || laterRoot === undefined) throw new RangeError("a CPU profile has no root");
  const idsUsed = earlier.nodes.reduce((most, { id }) => Math.max(most, id), 0);
  const idOf = (id: number): number => (id === laterRoot.id ? root.id : id + idsUsed);
  const renamed = laterNodes.map((node) => ({ ...node, id: idOf(node.id), ...childrenOf(node, idOf) }));
  const children = [...(root.children ?? []), ...(laterRoot.children ?? []).map(idOf)];
  const lastSampleAt = earlier.timeDeltas.reduce((time, delta) => time + delta, earlier.startTime);
  const [firstDelta = 0, ...deltas] = later.timeDeltas;
  const gap = later.startTime - lastSampleAt;
  return {
    nodes: [{ ...root, children }, ...nodes, ...renamed],
    startTime: earlier.startTime,
    endTime: later.endTime,
    samples: [...earlier.samples, ...later.samples.map(idOf)],
    timeDeltas: [...earlier.timeDeltas, ...(later.samples.length === 0 ? [] : [gap + firstDelta]), ...deltas],
  };
}

function childrenOf({ children }: ProfileNode, idOf: (id: number) => number): { readonly children?: number[] } {
  return children === undefined ? {} : { children: children.map(idOf) };
}
