import { patienceMillis } from "./descriptors.ts";

const lookAgainMillis = 1;

/** What `look` gives, once it gives anything. */
export async function until<T>(what: string, look: () => T | undefined): Promise<T> {
  for (const end = performance.now() + patienceMillis; ; ) {
    const seen = look();
    if (seen !== undefined) return seen;
    if (performance.now() > end) throw new Error(`it does not come to pass that ${what}`);
    await Bun.sleep(lookAgainMillis);
  }
}
