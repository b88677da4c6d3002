import { expect, test } from "bun:test";
import { ourGofer, reasonToSkip, stockRunsc } from "../../bench/executables.ts";
import { buildProgram } from "../../bench/gofers.ts";
import { goferResults } from "../../bench/report/results.ts";

const targets = ["ours", "stock", "stock again"];
const secondsMax = 300;

const reason = reasonToSkip();
const name = "the benchmark of gofers gets every operation done on both";

if (reason === undefined) {
  test(
    name,
    async () => {
      const program = await buildProgram();
      const flags = ["-wires", "channel", "-threads", "4", "-mounts", "1,4", "-rounds", "1", "-turn", "1ms"];
      const run = Bun.spawn([program, "-stock", stockRunsc, "-ours", ourGofer, ...flags], {
        stdin: "ignore",
        stderr: "pipe",
      });
      const [output, errors, status] = await Promise.all([run.stdout.text(), run.stderr.text(), run.exited]);
      if (status !== 0) console.error(errors);
      expect(status).toBe(0);
      const { series } = goferResults.parse(JSON.parse(output));
      expect(new Set(series.map(({ mounts }) => mounts))).toEqual(new Set([1, 4]));
      expect(
        series.filter(
          ({ turns }) =>
            turns
              .map(({ target }) => target)
              .toSorted()
              .join() !== targets.join(),
        ),
      ).toEqual([]);
      expect(new Set(series.map(({ operation }) => operation)).size).toBeGreaterThan(15);
    },
    secondsMax * 1000,
  );
} else {
  test.skip(`${name} (skipped: ${reason})`, () => {});
}
