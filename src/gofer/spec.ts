import { isAbsolute, join } from "node:path/posix";
import { type Annotations, containerTypeOf, hasSandboxId, upperTarOf } from "./container-type.ts";
import { checkMountOptions, rootPropagationFlags } from "./mount-options.ts";
import { describeIssue, type HookDocument, type MountDocument, type SpecDocument, specSchema } from "./spec-schema.ts";
import { type Attempt, messageOf, StartFailure } from "./start-failure.ts";

/** A mount of the container, its source made absolute. */
export interface SpecMount {
  readonly destination: string;
  /** Empty when there is none. */
  readonly source: string;
  readonly type: string;
  readonly options: readonly string[];
  /** Whether the mount shifts user and group IDs. */
  readonly idMapped: boolean;
  /** The mount as the spec has it, with what this gofer does not know of, but for the source. */
  readonly document: MountDocument;
}

/** What the gofer needs of a container's spec. */
export interface Spec {
  readonly root: { readonly path: string; readonly readonly: boolean };
  readonly mounts: readonly SpecMount[];
  readonly annotations: Annotations;
  /** The mount option that the root's propagation is set by; undefined for the default. */
  readonly rootPropagation: string | undefined;
  readonly devicePaths: readonly string[];
  readonly createContainerHooks: readonly HookDocument[];
}

/** What of the configuration bears on a spec's validity, and where its relative paths start. */
export interface SpecContext {
  readonly bundle: string;
  readonly allowRootfsTar: boolean;
}

const pathBytesMax = 4096;

/** Reads a spec as runsc does: the same documents are refused, and relative paths start at the bundle. */
export function readSpec(text: string, context: SpecContext): Attempt<Spec> {
  const document = parse(text);
  if (document instanceof StartFailure) return document;
  const annotations: Annotations = new Map(Object.entries(document.annotations ?? {}));
  const rootPropagation = document.linux?.rootfsPropagation ?? undefined;
  const spec = {
    root: { path: absolute(context.bundle, document.root?.path ?? ""), readonly: document.root?.readonly ?? false },
    mounts: (document.mounts ?? []).map((mount) => readMount(mount, context.bundle)),
    annotations,
    rootPropagation: rootPropagation === "" ? undefined : rootPropagation,
    devicePaths: (document.linux?.devices ?? []).map(({ path }) => path ?? ""),
    createContainerHooks: document.hooks?.createContainer ?? [],
  };
  return validate(document, spec, context) ?? spec;
}

/** Whether a gofer may serve the mount: it is a bind mount, by type or by option, of something. */
export function isGoferMount(mount: Pick<SpecMount, "type" | "options" | "source">): boolean {
  const isBind = mount.type === "bind" || mount.options.includes("bind") || mount.options.includes("rbind");
  return isBind && mount.source !== "";
}

/** Whether runsc gives the mount an entry in --gofer-mount-confs. */
export function hasMountConf(mount: SpecMount): boolean {
  return isGoferMount(mount) || mount.type === "erofs";
}

function parse(text: string): Attempt<SpecDocument> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return invalid(`not JSON: ${messageOf(error)}`);
  }
  const parsed = specSchema.safeParse(json);
  return parsed.success ? parsed.data : invalid(describeIssue(parsed.error));
}

function readMount(document: MountDocument, bundle: string): SpecMount {
  const source = document.source ?? "";
  const absoluteSource = source === "" ? "" : absolute(bundle, source);
  return {
    destination: document.destination ?? "",
    source: absoluteSource,
    type: document.type ?? "",
    options: document.options ?? [],
    idMapped: (document.uidMappings?.length ?? 0) > 0 && (document.gidMappings?.length ?? 0) > 0,
    document: source === "" ? document : { ...document, source: absoluteSource },
  };
}

/** Source: ValidateSpec in runsc/specutils/specutils.go. */
function validate(document: SpecDocument, spec: Spec, context: SpecContext): StartFailure | undefined {
  if (!isPresent(document.process)) return invalid("process is missing");
  if ((document.process.args ?? []).length === 0) return invalid("process.args is missing");
  if (!isPresent(document.root)) return invalid("root is missing");
  if ((document.root.path ?? "") === "") return invalid("root.path is missing");
  if (!isPath(spec.root.path)) return invalid("root.path is no path");
  if (isPresent(document.solaris)) return invalid("solaris is not supported");
  if (isPresent(document.windows)) return invalid("windows is not supported");
  if ((document.process.selinuxLabel ?? "") !== "") return invalid("process.selinuxLabel is not supported");
  if (spec.rootPropagation !== undefined) {
    const flags = rootPropagationFlags(spec.rootPropagation);
    if (flags instanceof StartFailure) return flags;
  }
  return validateMounts(spec.mounts) ?? validateAnnotations(spec, context);
}

function validateMounts(mounts: readonly SpecMount[]): StartFailure | undefined {
  for (const mount of mounts) {
    if (!isAbsolute(mount.destination)) {
      return invalid(`the destination of a mount must be an absolute path, got "${mount.destination}"`);
    }
    if (!isPath(mount.destination) || !isPath(mount.source)) {
      return invalid(`the destination or the source of a mount is no path: ${JSON.stringify(mount.destination)}`);
    }
    const refused = isGoferMount(mount) ? checkMountOptions(mount.options) : undefined;
    if (refused !== undefined) return refused.while(`mount ${mount.destination}`);
  }
  return undefined;
}

function validateAnnotations(spec: Spec, context: SpecContext): StartFailure | undefined {
  if ((upperTarOf(spec.annotations) ?? "") !== "") {
    if (!context.allowRootfsTar) return invalid("a tar archive for the root needs --allow-rootfs-tar-annotation");
    if (spec.root.readonly) return invalid("a tar archive for the root cannot go with a read-only root");
  }
  const type = containerTypeOf(spec.annotations);
  if (type === "unknown") return invalid("the container type in the annotations is neither sandbox nor container");
  if (type === "container" && !hasSandboxId(spec.annotations)) {
    return invalid("a container of a sandbox whose ID the annotations do not say");
  }
  return undefined;
}

/** Whether the kernel could take it: it would end at a NUL, and has a limit (PATH_MAX). */
function isPath(path: string): boolean {
  return !path.includes("\0") && Buffer.byteLength(path) < pathBytesMax;
}

function isPresent<T>(value: T | null | undefined): value is T {
  return value !== undefined && value !== null;
}

function absolute(base: string, path: string): string {
  return isAbsolute(path) ? path : join(base, path);
}

function invalid(reason: string): StartFailure {
  return new StartFailure("spec", reason);
}
