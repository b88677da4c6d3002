import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DemoFailure } from "./failure.ts";

const given = "pear\napple\npear\nfig\n";

/** What the sandbox is asked to do: a bit of everything a gofer serves. The attempt to write to /input must fail. */
export const commands: readonly string[] = [
  "uname -sr",
  "cat /input/fruit",
  "sort /input/fruit | uniq > /output/draft",
  "mv /output/draft /output/sorted && chmod 640 /output/sorted && ln -s sorted /output/latest",
  "mkdir -p /output/many && for i in $(seq 200); do echo $i > /output/many/$i; done",
  "cat /output/many/* | sort -n | tail -n 1",
  "rm /output/many/1* /output/many/2*",
  "ls /output/many | wc -l",
  "echo poison >> /input/fruit || echo '(refused)'",
];

/** Fills the host directory that the sandbox may only read. */
export function prepareInput(input: string): void {
  mkdirSync(input);
  writeFileSync(join(input, "fruit"), given);
}

/** Checks on the host that all the commands did is there, and nothing of what they were refused. */
export function checkHost(input: string, output: string): void {
  const expectations: readonly [what: string, actual: unknown, wanted: unknown][] = [
    ["names in the writable mount", names(output), "latest many sorted"],
    ["the sorted file", contentOf(join(output, "sorted")), "apple\nfig\npear\n"],
    ["the sorted file's mode", lstatSync(join(output, "sorted")).mode & 0o777, 0o640],
    ["the link's target", readlinkSync(join(output, "latest")), "sorted"],
    // Of 1 … 200 neither those that start with a one (111) nor those that start with a two (12).
    ["the number of files that were not removed", readdirSync(join(output, "many")).length, 77],
    ["names in the read-only mount", names(input), "fruit"],
    ["the file in the read-only mount", contentOf(join(input, "fruit")), given],
  ];
  for (const [what, actual, wanted] of expectations) {
    if (actual !== wanted) {
      throw new DemoFailure(`on the host, ${what}: ${JSON.stringify(actual)}, wanted ${JSON.stringify(wanted)}`);
    }
  }
}

function names(directory: string): string {
  return readdirSync(directory).sort().join(" ");
}

function contentOf(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
