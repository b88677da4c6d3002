import { describe, expect } from "bun:test";
import { lstatSync, readdirSync } from "node:fs";
import { type Caller, root } from "./support/caller.ts";
import { runConfined } from "./support/confined-run.ts";
import type { Mode } from "./support/runsc.ts";
import { sandboxTest } from "./support/sandbox-test.ts";

/**
 * Goes on to run the other words in a mount namespace of its own, whose /dev has the device that NVIDIA's driver is controlled
 * by: in truth /dev/random, which, like that, can be opened and polled by anybody.
 */
const lendDevice = `
set -e
mount -t tmpfs -o mode=755 none /mnt
for node in null:3 zero:5 full:7 random:8 urandom:9 nvidiactl:8; do mknod -m 666 /mnt/\${node%:*} c 1 \${node#*:}; done
mknod -m 666 /mnt/tty c 5 0
ln -s /proc/self/fd /mnt/fd
mkdir /mnt/pts /mnt/shm
mount --rbind /dev/pts /mnt/pts
mount --rbind /dev/shm /mnt/shm
mount --rbind /mnt /dev
umount --lazy /mnt
exec "$@"`;

const withDevice: Caller = {
  ...root,
  commandPrefix: ["unshare", "--mount", "--propagation=private", "sh", "-c", lendDevice, "sh"],
  unavailable: root.unavailable ?? (lstatSync("/dev/nvidiactl", { throwIfNoEntry: false }) && "there is a real one"),
};

const control = { path: "/dev/nvidiactl", major: 195, minor: 255 };

for (const directfs of [false, true]) {
  describe(`devices behind a proxy in the sandbox, directfs ${directfs ? "on" : "off"}`, () => {
    sandboxTest(
      "are opened by way of the gofer, which is confined, and leave only mount points",
      { caller: withDevice, programs: ["unshare", "mknod"] },
      async (ws) => {
        // Without a driver on the host it must be said which one to imitate.
        const mode: Mode = { directfs, overlay: "none", flags: ["--nvproxy-driver-version=latest"] };
        const script = "stat -c %t:%T /dev/nvidiactl; exec 3<> /dev/nvidiactl && echo opened";
        expect(await runConfined(ws, mode, { script, devices: [control] })).toBe("c3:ff\nopened\n");
        expect(readdirSync(ws.path("bundle/rootfs/dev"))).toEqual(["nvidiactl"]);
        expect(lstatSync(ws.path("bundle/rootfs/dev/nvidiactl")).isFile()).toBe(true);
      },
    );
  });
}
