import { readFileSync } from "node:fs";

/** Mount points at or below `directory` in this process's mount namespace, in the order they were mounted. */
export function mountPointsBelow(directory: string): string[] {
  const mountPointField = 4;
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[mountPointField] ?? "")
    .filter((point) => point === directory || point.startsWith(`${directory}/`));
}
