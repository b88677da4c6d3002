import { memory } from "../../ffi/arena.ts";
import { setNonblocking } from "../../ffi/files.ts";
import { type HostFd, takeAndClose } from "../../ffi/host-fd.ts";
import { payloadBytesMax } from "../wire/limits.ts";
import { encodeReply } from "../wire/message.ts";
import { messages } from "../wire/messages.ts";

/** What keeps a descriptor open as long as somebody has acquired it. */
export interface Keeper {
  acquire(): void;
  release(): void;
}

/**
 * One of the ways in which a client and its connection exchange messages. Requests on one communicator come one at a time;
 * from its arrival until its reply is sent, a request has the payload area to itself: handlers decode the request from it
 * and write their reply over it. The area may be shared with the client, who can change it at any moment: what was
 * loaded from it once is all that may be relied upon.
 */
export abstract class Communicator {
  /** Arena offset of the payload area. */
  abstract readonly payloadAt: number;

  /** Called whenever a reply has been sent, all of it; for whoever measures. */
  onSent: (() => void) | undefined;

  readonly #toSend: HostFd[] = [];
  readonly #keepers: Keeper[] = [];
  readonly #owned: HostFd[] = [];

  /**
   * Sends a copy of `fd` along with the reply, and makes the open file nonblocking unless it is known to be. `keeper` keeps it open until then, unless the
   * connection does: a peer may close what it stands for before it takes the reply, and the number may then be another file's.
   */
  lend(fd: HostFd, keeper?: Keeper, isNonblocking = false): void {
    if (keeper !== undefined) {
      keeper.acquire();
      this.#keepers.push(keeper);
    }
    this.#send(fd, isNonblocking);
  }

  /** Takes `fd`: sends a copy of it along with the reply and closes it, whether the reply could be sent or not. */
  donate(fd: HostFd): void {
    this.#owned.push(fd);
    this.#send(fd, false);
  }

  #send(fd: HostFd, isNonblocking: boolean): void {
    // An O_PATH descriptor has no such flag; that this fails then is of no consequence.
    if (!isNonblocking) setNonblocking(fd);
    this.#toSend.push(fd);
  }

  /** Writes the payload of an Error reply, which takes no descriptors along, and gives its bytes. */
  protected writeError(errno: number): number {
    this.dropFds();
    return encodeReply(messages.error, memory, this.payloadAt, payloadBytesMax, { errno });
  }

  /** What goes along with the reply, in the order given. */
  protected get fdsToSend(): readonly HostFd[] {
    return this.#toSend;
  }

  /** Forgets what was to go along, closing what was donated. */
  dropFds(): void {
    if (this.#toSend.length === 0) return;
    this.#toSend.length = 0;
    for (const fd of this.#owned.splice(0)) takeAndClose(fd);
    for (const keeper of this.#keepers.splice(0)) keeper.release();
  }
}

/**
 * Hears of a client that breaks the protocol in a way that no answer tells of: what is wrong, and the number that is. May be called
 * as often as the client likes.
 */
export type ViolationListener = (what: string, value: number) => void;

/**
 * Answers one request, whose payload of `length` bytes stands in the communicator's payload area, by writing the reply's
 * payload over it. Gives the number of bytes of the reply, or −errno. Never throws and never rejects.
 */
export type RequestHandler = (communicator: Communicator, message: number, length: number) => number | Promise<number>;
