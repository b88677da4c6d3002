/**
 * The layers, lowest first. A path is a folder or a file of the repository. A layer may import itself and every layer
 * below it; layers of one row do not import each other.
 */
const rows: readonly (readonly string[])[] = [
  ["ffi"],
  ["src/wire", "src/log"],
  ["src/transport"],
  ["src/server"],
  ["src/host"],
  ["src/extension"],
  ["src/extensions"],
  ["src/gofer", "src/cli"],
  ["src/program.ts"],
  ["src/main.ts"],
];

/** Layers that import nothing of the project, each with the layers that may import it. */
const leaves: ReadonlyMap<string, readonly string[]> = new Map([
  ["src/elf", ["src/cli"]],
  ["src/version.ts", ["src/gofer", "src/cli"]],
]);

/** A layer and the other layers it may import. */
export interface Layer {
  readonly path: string;
  readonly mayImport: readonly string[];
}

function layersOfRows(): Layer[] {
  return rows.flatMap((row, index) => {
    const below = rows.slice(0, index).flat();
    return row.map((path) => {
      const usedLeaves = [...leaves].filter(([, users]) => users.includes(path)).map(([leaf]) => leaf);
      return { path, mayImport: [...below, ...usedLeaves] };
    });
  });
}

export const layers: readonly Layer[] = [
  ...layersOfRows(),
  ...[...leaves.keys()].map((path) => ({ path, mayImport: [] })),
];

/** The folders that ship in the executable. */
export const productFolders: readonly string[] = ["ffi", "src"];

/** The folders that do not ship. */
export const supportFolders: readonly string[] = ["bench", "scripts", "test"];
