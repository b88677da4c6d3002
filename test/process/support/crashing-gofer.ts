import type { Extension } from "../../../src/extension/extension.ts";
import { hostConnectionOptions } from "../../../src/host/connection.ts";
import { runProgram } from "../../../src/program.ts";
import type { ConnectionImpl } from "../../../src/server/connection-impl.ts";

/* A gofer with an extension for /data that has a bug, which an annotation of the container names. */

export const bugAnnotation = "test.bun-gofer.bug";

export type Bug = "throws" | "rejects" | "overflows" | "rejects where nobody looks" | "throws where nobody looks";

const message = "the test's own bug";
const never = new Promise<never>(() => {});

function overflow(): number {
  return 1 + overflow();
}

const bugs: Readonly<Record<Bug, () => Promise<never>>> = {
  throws() {
    throw new Error(message);
  },
  rejects: () => Promise.reject(new Error(message)),
  overflows() {
    throw new Error(`${overflow()}`);
  },
  "rejects where nobody looks"() {
    void Promise.reject(new Error(message));
    return never;
  },
  "throws where nobody looks"() {
    setImmediate(() => {
      throw new Error(message);
    });
    return never;
  },
};

const extension: Extension = {
  name: "crashing",
  tryHandleMount({ mountPath, spec }) {
    if (mountPath !== "/data") return;
    const bug = spec.annotations.get(bugAnnotation) as Bug;
    const connection: ConnectionImpl = {
      mount: bugs[bug],
      supportedMessages: ["mount"],
      messageBytesMax: 4096,
    };
    return { connection, options: hostConnectionOptions(false) };
  },
};

if (import.meta.main) void runProgram([extension]);
