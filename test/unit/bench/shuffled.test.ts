import { expect, test } from "bun:test";
import { shuffled } from "../../../bench/shuffled.ts";

const items = ["a", "b", "c"];

test("shuffled() keeps every item and leaves the list alone", () => {
  expect(shuffled(items, 5).toSorted()).toEqual(items);
  expect(items).toEqual(["a", "b", "c"]);
});

test("shuffled() gives one order for a seed, and all orders for many", () => {
  expect(shuffled(items, 5)).toEqual(shuffled(items, 5));
  const orders = new Set(Array.from({ length: 200 }, (_, seed) => shuffled(items, seed * 2_654_435).join("")));
  expect(orders.size).toBe(6);
});
