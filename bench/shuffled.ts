import { Random } from "../test/fuzz/support/random.ts";

/** The items in another order: each order is as likely as any other, and the same seed gives the same one. */
export function shuffled<T>(items: readonly T[], seed: number): T[] {
  const random = new Random(seed);
  const left = [...items];
  return items.flatMap(() => left.splice(random.below(left.length), 1));
}
