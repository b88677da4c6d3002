declare const BUN_GOFER_VERSION: string | undefined;

/** Set when the executable is built; a run from source has none. */
export const version = typeof BUN_GOFER_VERSION === "string" ? BUN_GOFER_VERSION : "from source";
