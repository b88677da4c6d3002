/** What a step on untrusted input gives: its value, or the reason against it (one clause, no final full stop). */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

export function accept<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

export function refuse(reason: string): Outcome<never> {
  return { ok: false, reason };
}
