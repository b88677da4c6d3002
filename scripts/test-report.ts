/** How many tests ended how. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export function addCounts(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

export function formatCounts({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

const entities: ReadonlyMap<string, string> = new Map([
  ["&lt;", "<"],
  ["&gt;", ">"],
  ["&quot;", '"'],
  ["&apos;", "'"],
  ["&amp;", "&"],
]);

/** The value of an attribute in the text of one opening tag; undefined when it is not there. */
function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
  return value?.replace(/&\w+;/g, (entity) => entities.get(entity) ?? entity);
}

/** Totals of a report that `bun test --reporter=junit` wrote; an empty text has none of anything. */
export function countsOfReport(junit: string): Counts {
  const tag = /<testsuites\s[^>]*>/.exec(junit)?.[0] ?? "";
  const total = (name: string): number => Number(attribute(tag, name) ?? 0);
  const failed = total("failures");
  const skipped = total("skipped");
  return { passed: total("tests") - failed - skipped, failed, skipped };
}

/** The full names of the tests that such a report calls skipped, in its order. */
export function skippedTestNames(junit: string): string[] {
  return [...junit.matchAll(/(<testcase\s[^>]*[^/])>\s*<skipped\b/g)].map(([, tag = ""]) => {
    const group = attribute(tag, "classname");
    return `${group ? `${group} > ` : ""}${attribute(tag, "name") ?? ""}`;
  });
}
