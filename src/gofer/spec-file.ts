import { readSync } from "node:fs";
import { type HostFd, OwnedFd } from "../../ffi/host-fd.ts";
import { readSpec, type Spec, type SpecContext } from "./spec.ts";
import { type Attempt, messageOf, StartFailure } from "./start-failure.ts";

const chunkBytes = 65536;

/** Reads the container's spec from the start of an open file, which is taken. */
export function readSpecFile(fd: HostFd, context: SpecContext): Attempt<Spec> {
  using owned = new OwnedFd(fd);
  let text: string;
  try {
    text = readWhole(owned.borrow());
  } catch (error) {
    return new StartFailure("spec", `cannot read the spec: ${messageOf(error)}`);
  }
  const spec = readSpec(text, context);
  return spec instanceof StartFailure ? spec.while("spec") : spec;
}

/** At positions of its own: runsc shares the open file with the sandbox, and with it the current position. */
function readWhole(fd: HostFd): string {
  const chunks: Buffer[] = [];
  for (let position = 0; ; ) {
    const chunk = Buffer.alloc(chunkBytes);
    const count = readSync(fd, chunk, 0, chunkBytes, position);
    if (count === 0) return Buffer.concat(chunks).toString("utf8");
    chunks.push(chunk.subarray(0, count));
    position += count;
  }
}
