/** A table of text: columns of words, aligned to the left, and then columns of numbers, aligned to the right. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  /** How many columns hold words. Default 1. */
  readonly wordColumns?: number;
  readonly rows: readonly (readonly string[])[];
}

const gap = "  ";

/** For a terminal. */
export function textOf({ title, columns, wordColumns = 1, rows }: Table): string {
  const lines = [columns, ...rows];
  const widths = columns.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  const aligned = lines.map((line) =>
    widths
      .map((width, column) =>
        column < wordColumns ? (line[column] ?? "").padEnd(width) : (line[column] ?? "").padStart(width),
      )
      .join(gap)
      .trimEnd(),
  );
  return `${title}\n${aligned.join("\n")}\n`;
}

/** For a Markdown page, without the title. */
export function markdownOf({ columns, wordColumns = 1, rows }: Table): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const rule = `|${columns.map((_, column) => (column < wordColumns ? "---" : "--:")).join("|")}|`;
  return [line(columns), rule, ...rows.map(line)].join("\n");
}
