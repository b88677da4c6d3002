declare const BUN_GOFER_VERSION: string | undefined;
declare const BUN_GOFER_COMMIT: string | undefined;

/** Set when the executable is built; a run from source has none. */
export const version = typeof BUN_GOFER_VERSION === "string" ? BUN_GOFER_VERSION : "from source";

/** The commit the executable was built from. */
export const commit = typeof BUN_GOFER_COMMIT === "string" ? BUN_GOFER_COMMIT : "unknown";
