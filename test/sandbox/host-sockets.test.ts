import { describe, expect } from "bun:test";
import { statSync } from "node:fs";
import { type Caller, root, rootless } from "./support/caller.ts";
import { type ConfinementWanted, runConfined } from "./support/confined-run.ts";
import { hostOutput } from "./support/host-command.ts";
import type { Mode } from "./support/runsc.ts";
import { sandboxTest } from "./support/sandbox-test.ts";
import type { Workspace } from "./support/workspace.ts";

const programs = ["perl", "mkfifo"];

/** Runs a script in a container with a writable mount at /data. */
async function run(ws: Workspace, mode: Mode, script: string, wanted: ConfinementWanted, id = 0): Promise<string> {
  const mounts = [{ source: ws.makeDirectory("data"), destination: "/data" }];
  return await runConfined(ws, mode, { script, mounts, id }, wanted);
}

/** How long a process of the host waits for the sandbox. */
const peerSecondsMax = 20;

type HostProcess = Bun.Subprocess<"ignore", "pipe", "inherit">;

/** Starts a shell script as the workspace's caller. */
function startOnHost(ws: Workspace, script: string): HostProcess {
  const words = ["timeout", String(peerSecondsMax), "sh", "-c", script];
  return Bun.spawn([...ws.caller.commandPrefix, ...words], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
}

async function endOnHost(processes: readonly HostProcess[]): Promise<void> {
  for (const each of processes) {
    each.kill();
  }
  await Promise.all(processes.map(({ exited }) => exited));
}

/** A program in Perl for both sides: prints what it reads from a socket, or why it cannot connect to it. */
const connect = `perl -MSocket -e '
  socket(S, AF_UNIX, SOCK_STREAM, 0) or die $!;
  connect(S, sockaddr_un("/data/socket")) or do { print "cannot connect: $!\\n"; exit };
  print <S>'`;

/** Accepts connections one after the other and tells each peer which user and group it is for the host. */
const tellPeer = `
  $| = 1; socket(S, AF_UNIX, SOCK_STREAM, 0) or die $!;
  bind(S, sockaddr_un($ARGV[0])) or die $!; chmod 0777, $ARGV[0]; listen(S, 8) or die $!; print "listening";
  while (accept(C, S)) {
    my ($pid, $uid, $gid) = unpack("i3", getsockopt(C, SOL_SOCKET, SO_PEERCRED));
    send(C, "$uid:$gid\\n", 0); close C;
  }`;

/** Does work while a process of the host listens at data/socket in the workspace. */
async function whileListening<T>(ws: Workspace, work: () => Promise<T>): Promise<T> {
  ws.makeDirectory("data");
  const words = ["perl", "-MSocket", "-e", tellPeer, ws.path("data/socket")];
  const listener = Bun.spawn([...ws.caller.commandPrefix, ...words], { stdin: "ignore", stdout: "pipe" });
  try {
    await listener.stdout.getReader().read();
    return await work();
  } finally {
    listener.kill();
    await listener.exited;
  }
}

function socketTests(caller: Caller, directfs: boolean): void {
  const mode = (flag: string): Mode => ({ directfs, overlay: "none", flags: [flag] });

  for (const value of ["open", "all"]) {
    sandboxTest(`host-uds ${value}: the sandbox reaches a socket of the host`, { caller, programs }, async (ws) => {
      const borrowsIds = true;
      const output = await whileListening(ws, () =>
        run(ws, mode(`--host-uds=${value}`), `${connect}; ${connect}`, { borrowsIds }),
      );
      expect(output).toBe(`${caller.uid}:${caller.gid}\n`.repeat(2));
    });
  }

  for (const value of ["none", "create"]) {
    sandboxTest(`host-uds ${value}: it reaches none`, { caller, programs }, async (ws) => {
      const output = await whileListening(ws, () => run(ws, mode(`--host-uds=${value}`), connect, {}));
      expect(output).toStartWith("cannot connect: ");
    });
  }

  for (const value of ["create", "all"]) {
    sandboxTest(`host-uds ${value}: the host reaches a socket of the sandbox`, { caller, programs }, async (ws) => {
      const script = `
        perl -MSocket -e '
          umask 0; socket(S, AF_UNIX, SOCK_STREAM, 0) or die $!; bind(S, sockaddr_un("/data/socket")) or die $!;
          listen(S, 8) or die $!; open F, ">", "/data/listening"; close F;
          accept(C, S) or die $!; send(C, "from the sandbox\\n", 0); close C; print "served\\n"' & wait`;
      const accepted = run(ws, mode(`--host-uds=${value}`), script, { borrowsIds: value === "all" });
      const onHost = connect.replaceAll("/data/", `${ws.path("data")}/`);
      const waiting = `until [ -e ${ws.path("data/listening")} ]; do sleep 0.02; done`;
      const peer = startOnHost(ws, `${waiting}; ${onHost}`);
      try {
        expect(await accepted).toBe("served\n");
        expect(await peer.stdout.text()).toBe("from the sandbox\n");
        expect(statSync(ws.path("data/socket")).isSocket()).toBe(true);
      } finally {
        await endOnHost([peer]);
      }
    });
  }

  sandboxTest("host-fifo open: data goes both ways through FIFOs of the host", { caller, programs }, async (ws) => {
    const [fromHost, toHost] = [ws.path("data/from-host"), ws.path("data/to-host")];
    ws.makeDirectory("data");
    hostOutput(ws, ["mkfifo", fromHost, toHost]);
    // Both wait in open(2) for their peer. The writer stays, so that the sandbox never finds the FIFO without one.
    const writer = startOnHost(ws, `exec > ${fromHost}; echo from the host; exec sleep ${peerSecondsMax}`);
    const reader = startOnHost(ws, `cat ${toHost}`);
    try {
      const script = "echo from the sandbox > /data/to-host; head -n 1 /data/from-host";
      expect(await run(ws, mode("--host-fifo=open"), script, {})).toBe("from the host\n");
      expect(await reader.stdout.text()).toBe("from the sandbox\n");
    } finally {
      await endOnHost([writer, reader]);
    }
  });

  sandboxTest("host-fifo none: no FIFO of the host can be opened", { caller, programs }, async (ws) => {
    ws.makeDirectory("data");
    hostOutput(ws, ["mkfifo", ws.path("data/in")]);
    const output = await run(ws, mode("--host-fifo=none"), "timeout 5 cat /data/in 2>&1; echo status $?", {});
    expect(output).toEndWith("status 1\n");
  });
}

for (const caller of [root, rootless]) {
  for (const directfs of [false, true]) {
    describe(`${caller.name}, directfs ${directfs ? "on" : "off"}`, () => {
      socketTests(caller, directfs);
    });
  }
}

sandboxTest(
  "the peer of a user's connection is that user, and the next one root again",
  { caller: root, programs },
  async (ws) => {
    const mode: Mode = { directfs: false, overlay: "none", flags: ["--host-uds=open"] };
    const asUser = (id: number): string => `perl -e '$( = $) = ${id}; $< = $> = ${id}; exec @ARGV' ${connect}`;
    const output = await whileListening(ws, () =>
      run(ws, mode, `${connect}; ${asUser(1234)}; ${connect}; ${asUser(4321)}`, { borrowsIds: true }),
    );
    expect(output).toBe("0:0\n1234:1234\n0:0\n4321:4321\n");
  },
);
