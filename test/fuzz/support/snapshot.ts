import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/**
 * All that can be seen of a directory and what is below it, a line for each file: attributes, the times of the last change of
 * content and of attributes, and content.
 */
export function snapshotOf(directory: string): readonly string[] {
  const stat = lstatSync(directory, { bigint: true });
  const { mode, uid, gid, nlink, size, mtimeNs, ctimeNs } = stat;
  const attributes = `${mode.toString(8)} ${uid}:${gid} links ${nlink} size ${size} changed ${mtimeNs} ${ctimeNs}`;
  const line = (content: string): string => `${directory} ${attributes} ${content}`;
  if (stat.isSymbolicLink()) return [line(`-> ${readlinkSync(directory)}`)];
  if (stat.isFile()) return [line(readFileSync(directory, "latin1"))];
  if (!stat.isDirectory()) return [line("")];
  const names = readdirSync(directory).toSorted();
  return [line(names.join(" ")), ...names.flatMap((name) => snapshotOf(join(directory, name)))];
}
