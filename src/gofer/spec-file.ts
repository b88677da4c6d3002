import { readWholeFile } from "../../ffi/descriptor-io.ts";
import { Failure } from "../../ffi/errno.ts";
import { type HostFd, OwnedFd } from "../../ffi/host-fd.ts";
import { readSpec, type Spec, type SpecContext } from "./spec.ts";
import { type Attempt, StartFailure } from "./start-failure.ts";

/** Reads the container's spec from the start of an open file, which is taken. */
export function readSpecFile(fd: HostFd, context: SpecContext): Attempt<Spec> {
  using owned = new OwnedFd(fd);
  // At positions of its own: runsc shares the open file with the sandbox, and with it the current position.
  const bytes = readWholeFile(owned.borrow());
  if (bytes instanceof Failure) return new StartFailure("spec", `cannot read the spec: ${bytes}`);
  const spec = readSpec(bytes.toString("utf8"), context);
  return spec instanceof StartFailure ? spec.while("spec") : spec;
}
