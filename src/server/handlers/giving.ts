import { Failure, type Result } from "../../../ffi/errno.ts";
import type { Placed } from "../../wire/data.ts";
import type { MessageDefinition } from "../../wire/message.ts";
import type { Inode } from "../../wire/records.ts";
import type { Exchange } from "../connection.ts";
import type { AnyFd, Found, HostFdGift } from "../fds.ts";

/** Names a new control FD to the client. Takes the reference in `found`. */
export function giveInode({ connection }: Exchange, found: Found): Inode {
  return { controlFd: connection.fds.insert(found.fd), stat: found.stat };
}

/** The reply to a message that has made a new entry. Takes the reference in `found`. */
export function childReply(exchange: Exchange, found: Result<Found>): Result<{ readonly child: Inode }> {
  return found instanceof Failure ? found : { child: giveInode(exchange, found) };
}

/** Sends a host descriptor along with the reply, if there is one; one that is lent is `owner`'s, which stays open that long. */
export function giveHostFd({ communicator }: Exchange, gift: HostFdGift | undefined, owner: AnyFd): void {
  if (gift === undefined) return;
  if (gift.donated) communicator.donate(gift.fd);
  else communicator.lend(gift.fd, owner, gift.isNonblocking);
}

/** Where in the arena a reply's body is put in place, and how many bytes it may have. */
export function bodyPlace(
  { connection, communicator }: Exchange,
  message: MessageDefinition,
): { readonly at: number; readonly bytesMax: number } {
  const { prefixBytes } = message;
  return { at: communicator.payloadAt + prefixBytes, bytesMax: connection.messageBytesMax - prefixBytes };
}

/** The reply that says how long the body is that was put in place. */
export function placedReply(length: Result<number>): Result<Placed> {
  return length instanceof Failure ? length : { placed: length };
}
