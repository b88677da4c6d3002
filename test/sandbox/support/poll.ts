const intervalMilliseconds = 20;

/** Resolves to true as soon as `condition` holds, or to false when it still does not after `secondsMax`. */
export async function becomesTrue(condition: () => boolean | Promise<boolean>, secondsMax: number): Promise<boolean> {
  const deadline = performance.now() + secondsMax * 1000;
  while (!(await condition())) {
    if (performance.now() > deadline) {
      return false;
    }
    await Bun.sleep(intervalMilliseconds);
  }
  return true;
}
