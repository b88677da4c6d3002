import type { IForbiddenRuleType } from "dependency-cruiser";
import { layers, productFolders, supportFolders } from "./layers.ts";

/** A rule of dependency-cruiser that says what it is called and why it stands. */
export type NamedRule = IForbiddenRuleType & { readonly name: string; readonly comment: string };

/** Matches each of `paths` and what lies below it, as the pattern language of dependency-cruiser wants it. */
function within(paths: readonly string[]): string {
  return `^(${paths.map(RegExp.escape).join("|")})(/|$)`;
}

const product = within(productFolders);
const support = within(supportFolders);

const layerRules: NamedRule[] = layers.map(({ path, mayImport }) => ({
  name: `layer ${path}`,
  comment: mayImport.length === 0 ? "imports nothing else of the project" : `may import ${mayImport.join(", ")}`,
  severity: "error",
  from: { path: within([path]) },
  to: { path: product, pathNot: within([path, ...mayImport]) },
}));

const otherRules: NamedRule[] = [
  {
    name: "no layer",
    comment: "every file of the product belongs to a layer",
    severity: "error",
    from: { path: product, pathNot: within(layers.map(({ path }) => path)) },
    to: {},
  },
  {
    name: "bun:ffi",
    comment: "unsafe memory and foreign calls live in ffi/",
    severity: "error",
    from: { pathNot: within(["ffi", "test/confinement/support/raw-call.ts"]) },
    to: { path: "^bun:ffi$" },
  },
  {
    name: "pino",
    comment: "src/log is the one way to log",
    severity: "error",
    from: { path: product, pathNot: within(["src/log"]) },
    to: { path: "(^|/)node_modules/pino/" },
  },
  {
    name: "product imports support",
    comment: "what ships imports neither tests nor benchmarks nor scripts",
    severity: "error",
    from: { path: product },
    to: { path: support },
  },
  {
    name: "test imported",
    comment: "only tests import tests, and benchmarks what supports them",
    severity: "error",
    from: { pathNot: within(["test", "bench"]) },
    to: { path: within(["test"]) },
  },
  {
    name: "test imported by a benchmark",
    comment: "benchmarks import what supports tests and nothing else of them",
    severity: "error",
    from: { path: within(["bench"]) },
    to: { path: within(["test"]), pathNot: "^test/[^/]+/support/" },
  },
  {
    name: "cycle",
    comment: "files that need each other are one file, or share a third",
    severity: "error",
    from: {},
    to: { circular: true },
  },
  {
    name: "unresolved",
    comment: "an import that leads nowhere is checked by nothing",
    severity: "error",
    from: {},
    to: { couldNotResolve: true, pathNot: "^bun(:|$)" },
  },
];

export const rules: readonly NamedRule[] = [...layerRules, ...otherRules];
