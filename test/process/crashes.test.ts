import { describe, expect } from "bun:test";
import { resolve } from "node:path";
import { exitCodes } from "../../src/gofer/exit-codes.ts";
import type { Container } from "./support/container.ts";
import { type Bug, bugAnnotation } from "./support/crashing-gofer.ts";
import type { GoferOptions, GoferProcess } from "./support/gofer-process.ts";
import { processTest } from "./support/process-test.ts";

const script = resolve(import.meta.dir, "support/crashing-gofer.ts");
const dataMount = { destination: "/data", type: "bind", source: "data" };

function optionsFor(container: Container, bug: Bug): GoferOptions {
  return {
    spec: container.spec([dataMount], { annotations: { [bugAnnotation]: bug } }),
    mountConfs: "lisafs:none,lisafs:none",
    globalFlags: ["--directfs=false"],
    command: [process.execPath, script],
  };
}

function serve(gofer: GoferProcess): void {
  gofer.synchronize();
  gofer.readMounts();
  gofer.mounted(0);
}

describe("a bug in a handler", () => {
  for (const bug of ["throws", "rejects", "overflows"] as const) {
    processTest(`that ${bug} costs one request, and is logged with its stack`, async ({ container, start }) => {
      const gofer = start(optionsFor(container, bug));
      serve(gofer);
      expect(gofer.clients[1]?.call("mount", undefined)).toBe("EREMOTEIO");
      gofer.mounted(0);
      const { status, stderr, debugLog } = await gofer.end();
      expect({ status, stderr }).toEqual({ status: exitCodes.success, stderr: "" });
      expect(debugLog).toMatch(/W.*\] handler of mount crashed mount=\/data error=\n {4}\w*Error: .*\n {8}at /);
      expect(debugLog).toContain("crashing-gofer.ts");
    });
  }
});

describe("a bug that nobody catches", () => {
  for (const bug of ["rejects where nobody looks", "throws where nobody looks"] as const) {
    processTest(`and ${bug} ends the gofer, which says why everywhere`, async ({ container, start }) => {
      const gofer = start(optionsFor(container, bug));
      serve(gofer);
      const [, client] = gofer.clients;
      client?.sendOnly(client.encode("mount", undefined));
      expect(await gofer.exited).toBe(exitCodes.bug);
      const { stderr, log, debugLog } = gofer.said;
      expect(stderr).toStartWith("bun-gofer: a bug: the test's own bug\nError: the test's own bug\n    at ");
      expect(JSON.parse(log)).toMatchObject({
        msg: "bun-gofer: a bug: the test's own bug",
        level: "error",
        stack: expect.stringContaining("crashing-gofer.ts"),
      });
      expect(debugLog).toMatch(/E.*\] FATAL: a bug: the test's own bug error=\n {4}Error: .*\n {8}at /);
    });
  }
});
