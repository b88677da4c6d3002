import { factorText } from "./format.ts";
import type { OperationComparison, Scope } from "./gofers.ts";

const labelWidth = 230;
const plotWidth = 520;
const rowHeight = 22;
const topHeight = 56;
const legendRowHeight = 18;
const margin = 16;
const width = margin + labelWidth + plotWidth + margin;

/** Told apart by people who do not see all colours too. Source: the palette of Okabe and Ito. */
const colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"] as const;

/** What the axis shows at least, and at most, as powers of two. */
const exponentsShown = { low: -1, high: 1, lowest: -5, highest: 6 } as const;

/** Where the axis begins and ends, as powers of two. */
interface Axis {
  readonly low: number;
  readonly high: number;
}

/**
 * Draws the ratios of operations per second of one thread on one mount: a row for each operation, a dot for each scope
 * with a line for the spread of the rounds, and a grey band as wide as the noise. Gives SVG.
 */
export function chartOf(scopes: readonly Scope[]): string {
  const names = [...new Set(scopes.flatMap((scope) => shown(scope).map(({ series }) => series.operation)))];
  const axis = axisOf(scopes);
  const bottom = topHeight + names.length * rowHeight;
  const height = bottom + margin + scopes.length * legendRowHeight + margin;
  const noise = Math.max(1, ...scopes.map((scope) => scope.noise));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" role="img">`,
    "<title>Operations per second of bun-gofer as a multiple of the stock gofer's</title>",
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text(
      margin,
      20,
      "start",
      "Operations per second, as a multiple of the stock gofer's (one thread; right is faster)",
    ),
    band(axis, noise, bottom),
    ...gridOf(axis, bottom),
    ...names.map((name, row) => text(margin, middleOf(row) + 4, "start", name)),
    ...scopes.flatMap((scope, index) => marksOf(scope, index, scopes.length, names, axis)),
    ...scopes.map((scope, index) => legendRow(scope, index, bottom + margin + index * legendRowHeight)),
    "</svg>\n",
  ].join("\n");
}

/** What of a scope is drawn. */
function shown({ operations }: Scope): OperationComparison[] {
  return operations.filter(({ series }) => series.threads === 1 && series.mounts === 1);
}

function axisOf(scopes: readonly Scope[]): Axis {
  const exponents = scopes.flatMap(shown).map(({ perSecond }) => Math.log2(perSecond.ratio.value));
  const { low, high, lowest, highest } = exponentsShown;
  return {
    low: Math.max(lowest, Math.floor(Math.min(low, ...exponents))),
    high: Math.min(highest, Math.ceil(Math.max(high, ...exponents))),
  };
}

/** Where a ratio lies; what is beyond the axis lies at its end. */
function xOf(ratio: number, { low, high }: Axis): number {
  const share = (Math.log2(ratio) - low) / (high - low);
  return round(margin + labelWidth + Math.min(Math.max(share, 0), 1) * plotWidth);
}

function middleOf(row: number): number {
  return topHeight + row * rowHeight + rowHeight / 2;
}

function band(axis: Axis, noise: number, bottom: number): string {
  const left = xOf(1 / noise, axis);
  return `<rect x="${left}" y="${topHeight}" width="${round(xOf(noise, axis) - left)}" height="${bottom - topHeight}" fill="#e6e6e6"/>`;
}

function gridOf(axis: Axis, bottom: number): string[] {
  const exponents = Array.from({ length: axis.high - axis.low + 1 }, (_, step) => axis.low + step);
  return exponents.flatMap((exponent) => {
    const x = xOf(2 ** exponent, axis);
    const colour = exponent === 0 ? "#000000" : "#c0c0c0";
    return [
      `<line x1="${x}" y1="${topHeight}" x2="${x}" y2="${bottom}" stroke="${colour}"/>`,
      text(x, topHeight - 8, "middle", exponent < 0 ? `1/${2 ** -exponent}` : `${2 ** exponent}×`),
    ];
  });
}

function marksOf(scope: Scope, index: number, count: number, names: readonly string[], axis: Axis): string[] {
  const colour = colourOf(index);
  const offset = ((index + 0.5) / count - 0.5) * (rowHeight - 6);
  return shown(scope).flatMap(({ series, perSecond: { ratio } }) => {
    const y = round(middleOf(names.indexOf(series.operation)) + offset);
    const hint = `${series.operation}, ${scope.title}: ${factorText(ratio.value)}`;
    return [
      `<line x1="${xOf(ratio.low, axis)}" y1="${y}" x2="${xOf(ratio.high, axis)}" y2="${y}" stroke="${colour}" stroke-opacity="0.5"/>`,
      `<circle cx="${xOf(ratio.value, axis)}" cy="${y}" r="3" fill="${colour}"><title>${Bun.escapeHTML(hint)}</title></circle>`,
    ];
  });
}

function legendRow({ title }: Scope, index: number, y: number): string {
  const x = margin + labelWidth;
  return `<circle cx="${x + 4}" cy="${y}" r="4" fill="${colourOf(index)}"/>${text(x + 14, y + 4, "start", title)}`;
}

function colourOf(index: number): string {
  return colours[index % colours.length] ?? colours[0];
}

function text(x: number, y: number, anchor: "start" | "middle", content: string): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="#000000">${Bun.escapeHTML(content)}</text>`;
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}
