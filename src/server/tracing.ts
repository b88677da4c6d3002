import { memory } from "../../ffi/arena.ts";
import { errnoName } from "../../ffi/errno.ts";
import type { Log } from "../log/log.ts";
import { decodeReply, decodeRequest } from "../wire/message.ts";
import { messageById } from "../wire/messages.ts";
import { messageName, quote, traceReply, traceRequest } from "../wire/trace.ts";
import type { Dispatch, Exchange } from "./connection.ts";

/**
 * Does as `dispatch` does, and logs each request and each answer, on a line each, at level debug. It decodes them a second time, for
 * itself: a client that changes a request while it is served can make the log differ from what was done.
 */
export function tracing(dispatch: Dispatch, log: Log): Dispatch {
  return (exchange, messageId, length) => {
    log.debug(`recv [${originOf(exchange)}] ${showRequest(exchange, messageId, length)}`);
    const answer = dispatch(exchange, messageId, length);
    const logAnswer = (bytes: number): number => {
      log.debug(`send [${originOf(exchange)}] ${showAnswer(exchange, messageId, bytes)}`);
      return bytes;
    };
    return answer instanceof Promise ? answer.then(logAnswer) : logAnswer(answer);
  };
}

function originOf({ connection, communicator }: Exchange): string {
  return `${quote(connection.path)} ${connection.nameOf(communicator)}`;
}

function showRequest({ communicator }: Exchange, messageId: number, length: number): string {
  const message = messageById[messageId];
  const request = message === undefined ? undefined : decodeRequest(message, memory, communicator.payloadAt, length);
  return message === undefined || request === undefined
    ? `${messageName(messageId)} of ${length} bytes that make no request`
    : traceRequest(message, request);
}

function showAnswer({ communicator }: Exchange, messageId: number, bytes: number): string {
  const message = messageById[messageId];
  if (message === undefined || bytes < 0) return `${messageName(messageId)} -> ${errnoName(-bytes)}`;
  return traceReply(message, decodeReply(message, memory, communicator.payloadAt, bytes));
}
