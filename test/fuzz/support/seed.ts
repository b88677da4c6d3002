/** What all that is random starts from. Repeat a run with FUZZ_SEED=…; the seed stands in the names of the tests. */
export const seed = Number(process.env["FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 32)) >>> 0;
