import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * Puts `bytes` at `path` in one step: a reader sees the old file or the whole new one, also after a crash. `mode` is
 * taken as it is, whatever the umask. Throws the system error; then the old file is untouched and nothing is left over,
 * unless the disk itself fails at the last step.
 */
export function replaceFile(path: string, bytes: Uint8Array, mode: number): void {
  const directoryPath = dirname(path);
  const temporary = join(directoryPath, `.${basename(path)}.${crypto.randomUUID()}`);
  // Opened first, so that a directory that cannot be synchronised fails before anything is changed.
  const directory = openSync(directoryPath, "r");
  try {
    writeNewFile(temporary, bytes, mode);
    renameSync(temporary, path);
    fsyncSync(directory);
  } finally {
    rmSync(temporary, { force: true });
    closeSync(directory);
  }
}

function writeNewFile(path: string, bytes: Uint8Array, mode: number): void {
  const descriptor = openSync(path, "wx", 0o600);
  try {
    writeFileSync(descriptor, bytes);
    fchmodSync(descriptor, mode);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
