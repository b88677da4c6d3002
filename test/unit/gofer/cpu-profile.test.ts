import { describe, expect, test } from "bun:test";
import { type CpuProfile, joinProfiles } from "../../../src/gofer/cpu-profile.ts";

const earlier: CpuProfile = {
  nodes: [{ id: 1, children: [3] }, { id: 3, children: [4] }, { id: 4 }],
  startTime: 1000,
  endTime: 1300,
  samples: [3, 4],
  timeDeltas: [100, 150],
};

const later: CpuProfile = {
  nodes: [{ id: 1, children: [2] }, { id: 2, children: [5] }, { id: 5 }],
  startTime: 2000,
  endTime: 2500,
  samples: [5, 1, 2],
  timeDeltas: [10, 20, 30],
};

describe("joinProfiles()", () => {
  test("hangs both trees below one root", () => {
    expect(joinProfiles(earlier, later).nodes).toEqual([
      { id: 1, children: [3, 6] },
      { id: 3, children: [4] },
      { id: 4 },
      { id: 6, children: [9] },
      { id: 9 },
    ]);
  });

  test("puts the later samples behind, each at its own time", () => {
    const { samples, timeDeltas, startTime, endTime } = joinProfiles(earlier, later);
    expect({ samples, startTime, endTime }).toEqual({ samples: [3, 4, 9, 1, 6], startTime: 1000, endTime: 2500 });
    let time = startTime;
    expect(timeDeltas.map((delta) => (time += delta))).toEqual([1100, 1250, 2010, 2030, 2060]);
  });

  test("takes a later one in which nothing was seen", () => {
    const joined = joinProfiles(earlier, {
      nodes: [{ id: 1 }],
      startTime: 2000,
      endTime: 2500,
      samples: [],
      timeDeltas: [],
    });
    expect(joined).toEqual({ ...earlier, endTime: 2500 });
  });

  test("takes an earlier one in which nothing was seen", () => {
    const nothing: CpuProfile = { nodes: [{ id: 1 }], startTime: 500, endTime: 700, samples: [], timeDeltas: [] };
    const { samples, timeDeltas } = joinProfiles(nothing, later);
    expect(samples).toEqual([6, 1, 3]);
    expect(timeDeltas[0]).toBe(1510);
  });
});
