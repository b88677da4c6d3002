import { existsSync } from "node:fs";
import { join } from "node:path";
import { cruise, type ICruiseResult } from "dependency-cruiser";
import { layers, productFolders, supportFolders } from "./layers.ts";
import { rules } from "./rules.ts";

/** What the check saw, and one line for each thing that is wrong. */
export interface LayerReport {
  readonly moduleCount: number;
  readonly importCount: number;
  readonly problems: readonly string[];
}

/** Folders whose files are broken on purpose. */
const fixtureFolder = "test/unit/tools/fixtures/";

/** The TypeScript files below `folders`, relative to `root`. */
function sourceFiles(root: string, folders: readonly string[]): string[] {
  return folders
    .flatMap((folder) => [...new Bun.Glob(`${folder}/**/*.ts`).scanSync({ cwd: root })])
    .filter((file) => !file.startsWith(fixtureFolder))
    .sort();
}

/** What each rule is for, by its name. */
const reasons = new Map(rules.map(({ name, comment }) => [name, comment]));

function isInLayer(file: string): boolean {
  return layers.some(({ path }) => file === path || file.startsWith(`${path}/`));
}

async function cruiseFolders(root: string, folders: readonly string[]): Promise<ICruiseResult> {
  const { output } = await cruise([...folders], {
    baseDir: root,
    validate: true,
    ruleSet: { forbidden: [...rules] },
    // Types count as imports: a type of a higher layer is knowledge of a higher layer.
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: { path: `^${fixtureFolder}` },
  });
  if (typeof output === "string") {
    throw new Error(`want a result of dependency-cruiser, have text: ${output}`);
  }
  return output;
}

/**
 * Checks which files below `root` import which. A file on disk that dependency-cruiser did not see is a problem too,
 * so that the check cannot go blind: without a TypeScript compiler it understands, it sees nothing and is content.
 */
export async function checkLayers(root: string): Promise<LayerReport> {
  const folders = [...productFolders, ...supportFolders].filter((folder) => existsSync(join(root, folder)));
  const { modules, summary } = await cruiseFolders(root, folders);
  const seen = new Set(modules.map(({ source }) => source));
  const files = sourceFiles(root, folders);
  const problems = [
    ...summary.violations.map(
      ({ from, to, rule }) => `${from} -> ${to}: ${rule.name}: ${reasons.get(rule.name) ?? ""}`,
    ),
    ...files.filter((file) => !seen.has(file)).map((file) => `${file}: not seen by dependency-cruiser`),
    ...sourceFiles(root, productFolders)
      .filter((file) => !isInLayer(file))
      .map((file) => `${file}: belongs to no layer`),
  ];
  if (files.length === 0) {
    problems.push(`${root}: no TypeScript file found in ${folders.join(", ") || "it"}`);
  }
  const importCount = modules.reduce((count, { dependencies }) => count + dependencies.length, 0);
  return { moduleCount: files.length, importCount, problems };
}
