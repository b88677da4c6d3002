import { resolve } from "node:path";
import { checkLayers } from "./layers/check.ts";

const { moduleCount, importCount, problems } = await checkLayers(resolve(import.meta.dir, ".."));
for (const problem of problems) {
  console.error(problem);
}
console.log(`${moduleCount} files, ${importCount} imports, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
