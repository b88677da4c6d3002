import { footprintTable } from "./footprint.ts";
import { listOf, type Scope, scopeTable, summaryTable } from "./gofers.ts";
import { microTables } from "./micro.ts";
import type { Footprint, GoferResults, MachineFacts, MicroResults, SandboxResults } from "./results.ts";
import { sandboxTable } from "./sandboxes.ts";
import { markdownOf, type Table } from "./table.ts";

/** All that the benchmarks came to; what is undefined was not measured. */
export interface Measurements {
  readonly machine: MachineFacts | undefined;
  readonly gofers: readonly GoferResults[];
  readonly scopes: readonly Scope[];
  readonly footprints: readonly Footprint[] | undefined;
  readonly sandboxes: SandboxResults | undefined;
  readonly micro: MicroResults | undefined;
}

const notMeasured = "Not measured.";
/** More would be a table again, and the tables follow. */
const listedMax = 25;

/** Fills the places of the template, each a name in double braces. Throws when the two do not agree on the names. */
export function fill(template: string, parts: Readonly<Record<string, string>>): string {
  const unused = new Set(Object.keys(parts));
  const filled = template.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const part = parts[name];
    if (part === undefined) throw new RangeError(`the template wants ${name}, which nobody makes`);
    unused.delete(name);
    return part;
  });
  if (unused.size > 0) throw new RangeError(`the template has no place for ${[...unused].join(", ")}`);
  return filled;
}

/** What stands in the places of the template. */
export function partsOf(measurements: Measurements): Record<string, string> {
  const { scopes, footprints, sandboxes, micro } = measurements;
  return {
    machine: markdownOf(machineTable(measurements)),
    summary: scopes.length === 0 ? notMeasured : markdownOf(summaryTable(scopes)),
    better: bullets(listOf(scopes, "better")),
    worse: bullets(listOf(scopes, "worse")),
    operations: sections(scopes.map(scopeTable)),
    sandboxes: sandboxes === undefined ? notMeasured : markdownOf(sandboxTable(sandboxes)),
    footprint: footprints === undefined ? notMeasured : markdownOf(footprintTable(footprints)),
    micro: micro === undefined ? notMeasured : sections(microTables(micro)),
  };
}

/** Where and how was measured. */
export function machineTable({ machine, gofers }: Pick<Measurements, "machine" | "gofers">): Table {
  const [first] = gofers;
  const rows: [string, string][] = [];
  if (machine !== undefined) {
    rows.push(
      ["date", machine.date],
      [
        "machine",
        `${machine.processor}, ${machine.processors} processors, ${Math.round(machine.memoryBytes / 2 ** 30)} GiB`,
      ],
      ["kernel", machine.kernel],
      ["gofer", machine.gofer],
    );
  }
  if (first !== undefined) {
    const rounds = Math.max(0, ...first.series.flatMap(({ turns }) => turns.map(({ round }) => round)));
    rows.push(
      ["gVisor", first.gVisor],
      [
        "turns",
        `${rounds} rounds of ${first.turnMillis} ms, order by seed ${gofers.map(({ seed }) => seed).join(" and ")}`,
      ],
      [
        "processor time",
        gofers.every(({ sharedCgroup }) => sharedCgroup) ? "one cgroup in common" : "no cgroup in common",
      ],
    );
  }
  return { title: "Measured on", columns: ["", ""], wordColumns: 2, rows: rows.map(([name, value]) => [name, value]) };
}

function bullets(items: readonly string[]): string {
  if (items.length === 0) return "Nothing beyond the noise.";
  const listed = items.slice(0, listedMax).map((item) => `- ${item}`);
  const rest = items.length - listed.length;
  return [...listed, ...(rest > 0 ? [`- and ${rest} more, in the tables below`] : [])].join("\n");
}

function sections(tables: readonly Table[]): string {
  if (tables.length === 0) return notMeasured;
  return tables.map((table) => `### ${table.title}\n\n${markdownOf(table)}`).join("\n\n");
}
