import type { Extension } from "../extension/extension.ts";

/** The extensions in this executable, in the order in which they are asked. */
export const registeredExtensions: readonly Extension[] = [];
