import { Random } from "../../fuzz/support/random.ts";
import { Life, type LifeOptions } from "./life.ts";
import { collectingAllTheTime, pressures, usual } from "./pressures.ts";

const longLives = [usual, collectingAllTheTime];

/**
 * Uses two gofers for `millis` milliseconds, and a third one that is another one every now and then, each time with other things that
 * happen to its engine. Throws when one of them is not as it should be.
 */
export async function soak(millis: number, seed: number): Promise<void> {
  const random = new Random(seed);
  const live = (options: Omit<LifeOptions, "random">): Promise<Life> => Life.start({ ...options, random });
  await using lives = new AsyncDisposableStack();
  const long: Life[] = [];
  for (const pressure of longLives) long.push(lives.use(await live({ pressure, millis, isLong: true })));
  for (const pressure of pressures) {
    await using short = await live({ pressure, millis: millis / pressures.length, isLong: false });
    while (!short.isOver) {
      for (const life of [short, ...long]) life.step();
      // Lets the runtime look after the processes.
      await Bun.sleep(0);
    }
    await short.finish();
  }
  for (const life of long) await life.finish();
}
