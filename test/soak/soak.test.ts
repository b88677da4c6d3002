import { describe } from "bun:test";
import { seed } from "../fuzz/support/seed.ts";
import { processTest } from "../process/support/process-test.ts";
import { soak } from "./support/soak.ts";

/** An hour shows more than what people wait for before they commit. */
const minutes = Number(process.env["SOAK_MINUTES"] ?? 0.6);
const millis = minutes * 60_000;

/** To start and end gofers, and to find out that one hangs. */
const secondsMore = 120;

describe(`a gofer that is used for ${minutes} minutes (SOAK_MINUTES=${minutes} FUZZ_SEED=${seed})`, () => {
  processTest(
    "keeps what it is given, is not killed and does not grow",
    () => soak(millis, seed),
    millis / 1000 + secondsMore,
  );
});
