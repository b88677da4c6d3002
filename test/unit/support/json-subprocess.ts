/**
 * Runs a script of the tests in a process of its own, with `input` as JSON for its first argument, and gives what it prints, which
 * is JSON. Throws, with what the script said, when it fails.
 */
export async function runScript<Output>(
  script: string,
  input: unknown,
  prefix: readonly string[] = [],
): Promise<Output> {
  const child = Bun.spawn([...prefix, process.execPath, script, JSON.stringify(input)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr, status] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (status !== 0) throw new Error(`status ${status}\n${stdout}${stderr}`);
  return JSON.parse(stdout) as Output;
}
