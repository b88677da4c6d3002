import { bounds } from "./bounds.ts";
import type { Descriptor, ResidentMemory } from "./gofer-state.ts";
import { channelMemory } from "./reply-judge.ts";
import { servedDirectory } from "./served-tree.ts";

const mebibyte = 1024 * 1024;

/** Descriptors that lead to what no client was given. `initial` are those that the gofer had before any client asked for anything. */
export function descriptorsOutside(initial: readonly Descriptor[], now: readonly Descriptor[]): readonly string[] {
  const known = new Set(initial.map(identityOf));
  return now
    .filter((descriptor) => !known.has(identityOf(descriptor)) && !isHarmless(descriptor))
    .map((descriptor) => `descriptor ${identityOf(descriptor)} leads outside the tree`);
}

/** Descriptors that are there now and were not initially. Sockets are counted: one looks like another. */
export function descriptorsLeft(initial: readonly Descriptor[], now: readonly Descriptor[]): readonly string[] {
  const known = new Set(initial.map(identityOf));
  const left = now.filter((descriptor) => !isSocket(descriptor) && !known.has(identityOf(descriptor)));
  const more = now.filter(isSocket).length - initial.filter(isSocket).length;
  return [
    ...left.map((descriptor) => `descriptor ${identityOf(descriptor)} was left open`),
    ...(more > 0 ? [`${more} sockets more than at the start`] : []),
  ];
}

/** Whether it is of a file of the tree. */
export function isOfTree({ mountPoint }: Descriptor): boolean {
  return mountPoint?.startsWith(`${servedDirectory}/`) === true;
}

export function tooMuchMemory({ peak }: ResidentMemory): readonly string[] {
  if (peak <= bounds.residentBytesMax) return [];
  return [`${Math.ceil(peak / mebibyte)} MiB resident: at most ${bounds.residentBytesMax / mebibyte} allowed`];
}

export function tooLongWait(millis: number): readonly string[] {
  if (millis <= bounds.bystanderWaitMillisMax) return [];
  return [`a bystander waited ${Math.ceil(millis)} ms: at most ${bounds.bystanderWaitMillisMax} allowed`];
}

function isHarmless(descriptor: Descriptor): boolean {
  return isSocket(descriptor) || descriptor.target.startsWith(channelMemory) || isOfTree(descriptor);
}

function isSocket({ target }: Descriptor): boolean {
  return target.startsWith("socket:");
}

function identityOf({ number, target, mountPoint }: Descriptor): string {
  return `${number} of ${target}${mountPoint === undefined ? "" : ` on ${mountPoint}`}`;
}
