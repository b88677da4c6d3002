import { addressOf, allocateMemory, memory, pageBytes } from "../../../ffi/arena.ts";
import type { ByteString } from "../../../ffi/byte-string.ts";
import { fail, type Result } from "../../../ffi/errno.ts";
import { HelperThread } from "../../../ffi/helper-thread.ts";
import { S_IFDIR } from "../../../ffi/linux.ts";
import { currentArchitecture, type SyscallName, syscallNumber, syscallNumbers } from "../../../ffi/machine.ts";
import type { Extension } from "../../../src/extension/extension.ts";
import type { ConnectionImpl } from "../../../src/server/connection-impl.ts";
import type { Node } from "../../../src/server/node.ts";
import { payloadBytesMax } from "../../../src/wire/limits.ts";
import { statOfMode } from "../../unit/support/scripted-backend.ts";
import type { EncodedAttempt } from "./encoded-attempt.ts";
import { rawCall } from "./raw-call.ts";
import { UnsupportedFd } from "./unsupported-fd.ts";

/** Where the prober's mount is. */
export const probePath = "/probe";

/** Where in the gofer a call is made. */
export type ProbeThread = "main" | "helper" | "async";

const architecture = currentArchitecture();
const pollMillis = 1;

/** Made before the process is confined, as an extension would. */
const pages = Array.from({ length: 6 }, () => {
  const page = allocateMemory(pageBytes);
  if (page === undefined) throw new Error("no memory for data");
  return page;
});

/** Numbers of calls that make a process, which goes on where this one does. */
const forks: readonly number[] = architecture === "x64" ? [56, 57, 58] : [220];

/** Makes the call that the attribute's value holds, on the thread that its name says, when an attribute is set. */
class ProbeFd extends UnsupportedFd {
  override async setXattr(name: ByteString, value: Uint8Array): Promise<Result<void>> {
    const returned = await callOn(name as string as ProbeThread, JSON.parse(Buffer.from(value).toString()));
    return returned < 0 ? fail(-returned) : undefined;
  }
}

class ProbeConnection implements ConnectionImpl {
  readonly supportedMessages = ["mount", "close", "fSetXattr"] as const;
  readonly messageBytesMax = payloadBytesMax;

  mount(node: Node) {
    const mode = S_IFDIR | 0o755;
    return { found: { fd: new ProbeFd(node.acquire(), mode), stat: statOfMode(mode) }, gift: undefined };
  }
}

async function callOn(thread: ProbeThread, { Number: number, Args: encoded }: EncodedAttempt): Promise<number> {
  const args = encoded.map((arg, index) => {
    if ("Int" in arg) return BigInt.asIntN(64, BigInt(arg.Int));
    const page = pages[index] ?? 0;
    memory.u8.set(Buffer.from(arg.Data, "base64"), page);
    return BigInt(addressOf(page));
  });
  if (thread === "helper") return callOnHelper(nameOf(number), args);
  if (thread === "async") await Bun.sleep(pollMillis);
  const returned = rawCall(number, ...args);
  if (returned === 0 && forks.includes(number)) rawCall(syscallNumber("exit_group", architecture), 0n);
  return returned;
}

async function callOnHelper(name: SyscallName, args: readonly bigint[]): Promise<number> {
  const thread = HelperThread.start();
  if (thread === undefined) throw new Error("no helper thread");
  thread.post(name, args);
  for (;;) {
    const returned = thread.takeResult();
    if (returned !== undefined) return returned;
    await Bun.sleep(pollMillis);
  }
}

/** Helper threads know calls by name. */
function nameOf(number: number): SyscallName {
  const names = Object.keys(syscallNumbers) as SyscallName[];
  const name = names.find((candidate) => syscallNumber(candidate, architecture) === number);
  if (name === undefined) throw new RangeError(`no name for call ${number}`);
  return name;
}

export const prober: Extension = {
  name: "prober",
  tryHandleMount({ mountPath }) {
    if (mountPath !== probePath) return;
    return {
      connection: new ProbeConnection(),
      options: {
        readonly: false,
        walkStatSupported: false,
        setAttrOnDeleted: false,
        allocateOnDeleted: false,
        openOnDeleted: false,
      },
    };
  },
};
