import * as z from "zod/mini";

// A schema that is used once or twice is not worth compiling.
z.config({ jitless: true });

/** JSON null counts as absent throughout, as it does for runsc. */
const text = z.nullish(z.string());
const texts = z.nullish(z.array(z.string()));

const hook = z.looseObject({
  path: z.string(),
  args: texts,
  env: texts,
  timeout: z.nullish(z.int()),
});

const mount = z.looseObject({
  destination: text,
  type: text,
  source: text,
  options: texts,
  uidMappings: z.nullish(z.array(z.unknown())),
  gidMappings: z.nullish(z.array(z.unknown())),
});

/**
 * What a gofer uses of a container's spec; everything else may be as it is.
 * Source: the OCI runtime specification, config.md and config-linux.md.
 */
export const specSchema = z.looseObject({
  process: z.nullish(z.looseObject({ args: texts, selinuxLabel: text })),
  root: z.nullish(z.looseObject({ path: text, readonly: z.nullish(z.boolean()) })),
  mounts: z.nullish(z.array(mount)),
  hooks: z.nullish(z.looseObject({ createContainer: z.nullish(z.array(hook)) })),
  annotations: z.nullish(z.record(z.string(), z.string())),
  linux: z.nullish(
    z.looseObject({
      rootfsPropagation: text,
      devices: z.nullish(z.array(z.looseObject({ path: text }))),
    }),
  ),
  solaris: z.nullish(z.unknown()),
  windows: z.nullish(z.unknown()),
});

export type SpecDocument = z.infer<typeof specSchema>;
export type MountDocument = z.infer<typeof mount>;
export type HookDocument = z.infer<typeof hook>;

/** The first thing that is wrong with a document, for people. */
export function describeIssue(error: z.core.$ZodError): string {
  const [issue] = error.issues;
  if (issue === undefined) return "not valid";
  const place = issue.path.length === 0 ? "the document" : issue.path.join(".");
  return issue.code === "invalid_type" ? `${place}: want ${issue.expected}` : `${place}: ${issue.message}`;
}
