import { type Architecture, currentArchitecture } from "../../../ffi/machine.ts";
import type { Attempt } from "../attempts.ts";

/** An attempt on its way to a gofer: what is JSON. Integers are 64 bits, unsigned; data is in base64. */
export interface EncodedAttempt {
  readonly Number: number;
  readonly Args: readonly ({ readonly Int: string } | { readonly Data: string })[];
}

const integerBits = 64;

/** undefined where there is no such call. */
export function encodeAttempt(
  { numbers, args }: Attempt,
  architecture: Architecture = currentArchitecture(),
): EncodedAttempt | undefined {
  const number = numbers[architecture];
  if (number === undefined) return undefined;
  const encoded = args.map((arg) => {
    if (typeof arg === "number" || typeof arg === "bigint") {
      return { Int: BigInt.asUintN(integerBits, BigInt(arg)).toString() };
    }
    return { Data: Buffer.from(typeof arg === "string" ? `${arg}\0` : arg).toString("base64") };
  });
  return { Number: number, Args: encoded };
}
