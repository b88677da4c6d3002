import { type Caller, rootless } from "./caller.ts";

/** The first of the IDs on the host that are lent to the caller of `withIdRanges`. */
export const firstLentId = 700_000;
export const lentIds = 65_536;

/** Without --rootless, runsc leaves it to the container's spec which users there are. */
export const unprivileged: Caller = { ...rootless, name: "unprivileged", runscFlags: [] };

const accountName = "bun-gofer-test";

/** Gives the caller an account and ranges of IDs, in a mount namespace of its own, and goes on to run the other words. */
const lendRanges = `
set -e
mount -t tmpfs none /mnt
for file in subuid subgid; do echo '${accountName}:${firstLentId}:${lentIds}' > /mnt/$file; done
{ cat /etc/passwd; echo '${accountName}:x:${unprivileged.uid}:${unprivileged.gid}::/:/bin/false'; } > /mnt/passwd
for file in subuid subgid passwd; do mount --bind /mnt/$file /etc/$file; done
umount --lazy /mnt
exec "$@"`;

function unavailableReason(): string | undefined {
  if (unprivileged.unavailable !== undefined) {
    return unprivileged.unavailable;
  }
  if (process.getuid?.() !== 0) {
    return "only root can lend IDs to a user";
  }
  const missing = ["newuidmap", "newgidmap"].filter((program) => Bun.which(program) === null);
  return missing.length > 0 ? `missing: ${missing.join(", ")} (package uidmap)` : undefined;
}

/** An unprivileged user to whom a range of IDs is lent, which newuidmap(1) and newgidmap(1) map. */
export const withIdRanges: Caller = {
  ...unprivileged,
  name: "unprivileged with ranges of IDs",
  commandPrefix: [
    ...["unshare", "--mount", "--propagation=private", "sh", "-c", lendRanges, "sh"],
    ...unprivileged.commandPrefix,
  ],
  unavailable: unavailableReason(),
};
