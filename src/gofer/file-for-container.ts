const containerIdPlaceholder = "%ID%";

/** The file that `path` stands for: `%ID%` in it is the container's ID. */
export function fileForContainer(path: string, containerId: string): string {
  return path.replaceAll(containerIdPlaceholder, () => containerId);
}
