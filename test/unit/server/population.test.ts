import { describe, expect, test } from "bun:test";
import { Population } from "../../../src/server/population.ts";

function grown(count: number): Population {
  const population = new Population();
  for (let index = 0; index < count; index++) population.grow();
  return population;
}

function shrink(population: Population, count: number): void {
  for (let index = 0; index < count; index++) population.shrink();
}

describe("Population", () => {
  test("has collapsed when half of many have gone", () => {
    const population = grown(15_000);
    shrink(population, 7499);
    expect(population.hasCollapsed).toBe(false);
    population.shrink();
    expect(population.hasCollapsed).toBe(true);
  });

  test("has not collapsed when a few have gone, be it all of them", () => {
    const population = grown(4000);
    shrink(population, 4000);
    expect(population.hasCollapsed).toBe(false);
  });

  test("does not take coming and going for a collapse", () => {
    const population = grown(100);
    for (let turn = 0; turn < 20_000; turn++) {
      population.grow();
      population.shrink();
    }
    expect(population.hasCollapsed).toBe(false);
  });

  test("begins anew when its peak is forgotten", () => {
    const population = grown(15_000);
    shrink(population, 10_000);
    population.forgetPeak();
    expect(population.hasCollapsed).toBe(false);
    shrink(population, 4096);
    expect(population.hasCollapsed).toBe(true);
  });
});
