/**
 * How the entries of runsc's environment begin that the gofer gets; an entry without `=` and the second of a name are
 * left out as well. All others are kept from it, because the dynamic loader, libc and Bun heed variables by which
 * whoever sets them runs code of theirs. The launcher has the same list (runsc/environment).
 */
export const passedVariables: readonly string[] = ["BUN_GOFER_", "TZ="];
