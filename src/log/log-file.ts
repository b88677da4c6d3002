import { writeSync } from "node:fs";

/** How often a descriptor that cannot take more just now is tried again before the rest of a line is given up. */
const attemptsMax = 1000;

/**
 * Writes all of `text` to a descriptor, which is borrowed. Returns false when that could not be: a log that cannot be written must
 * not stop what it tells of.
 */
export function writeAll(descriptor: number, text: string): boolean {
  let rest = Buffer.from(text);
  for (let attempt = 0; rest.length > 0; attempt++) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN") || attempt === attemptsMax)
        return false;
    }
  }
  return true;
}
