import { readdirSync, readFileSync } from "node:fs";
import { patienceMillis } from "./descriptors.ts";

const pollMillis = 5;

/** Lets each fsync(2) of a process hang until it ends, or this is disposed of. */
export async function letSyncsHang(pid: number | undefined): Promise<AsyncDisposable> {
  if (pid === undefined) throw new Error("the process has ended");
  const injection = `--inject=fsync:delay_enter=${1000 * patienceMillis}`;
  const tracer = Bun.spawn(["strace", "-f", "-qq", "-o", "/dev/null", injection, "-p", String(pid)], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  for (const end = performance.now() + patienceMillis; !isTraced(pid); await Bun.sleep(pollMillis)) {
    if (performance.now() > end) throw new Error(`process ${pid} cannot be traced`);
  }
  return {
    async [Symbol.asyncDispose]() {
      tracer.kill("SIGKILL");
      await tracer.exited;
    },
  };
}

/** Whether all threads are. */
function isTraced(pid: number): boolean {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).every((tid) => !readFileSync(`${tasks}/${tid}/status`, "utf8").includes("TracerPid:\t0\n"));
}
