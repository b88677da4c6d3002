/** How a container relates to a sandbox, as the container manager says it. Source: runsc/specutils/cri.go. */
export type ContainerType = "unspecified" | "unknown" | "sandbox" | "container";

export type Annotations = ReadonlyMap<string, string>;

/** Names that containerd and CRI-O give to the same things; containerd's go first. */
const typeAnnotations = ["io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType"];
const sandboxIdAnnotations = ["io.kubernetes.cri.sandbox-id", "io.kubernetes.cri-o.SandboxID"];
const containerNameAnnotation = "io.kubernetes.cri.container-name";
const nameRemapPrefix = "dev.gvisor.container-name-remap.";
const upperTarAnnotation = "dev.gvisor.tar.rootfs.upper";

export function containerTypeOf(annotations: Annotations): ContainerType {
  const type = firstOf(annotations, typeAnnotations);
  if (type === undefined) return "unspecified";
  return type === "sandbox" || type === "container" ? type : "unknown";
}

export function hasSandboxId(annotations: Annotations): boolean {
  return firstOf(annotations, sandboxIdAnnotations) !== undefined;
}

/** The tar archive that is to become the root's upper layer; undefined when none is named. */
export function upperTarOf(annotations: Annotations): string | undefined {
  const name = containerNameOf(annotations);
  if (name !== "") return annotations.get(`${upperTarAnnotation}.${name}`);
  const type = containerTypeOf(annotations);
  return type === "container" || type === "sandbox" ? undefined : annotations.get(upperTarAnnotation);
}

/** The container's name, after a renaming of the form OLD=NEW that applies to it; empty when it has none. */
function containerNameOf(annotations: Annotations): string {
  const name = annotations.get(containerNameAnnotation) ?? "";
  if (name === "") return name;
  for (const [key, renaming] of annotations) {
    const equals = renaming.indexOf("=");
    if (key.startsWith(nameRemapPrefix) && equals >= 0 && renaming.slice(0, equals) === name) {
      return renaming.slice(equals + 1);
    }
  }
  return name;
}

function firstOf(annotations: Annotations, names: readonly string[]): string | undefined {
  return names.map((name) => annotations.get(name)).find((value) => value !== undefined);
}
