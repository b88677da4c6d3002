/** What a bucket holds at most, and how long it takes for one more. */
export interface Rate {
  readonly tokensMax: number;
  readonly millisPerToken: number;
}

/** Lets a few through at once, and then so many in a time. */
export class TokenBucket {
  readonly #rate: Rate;
  readonly #clock: () => number;
  #tokens: number;
  #filledAt: number;

  /** Full at first. `clock` gives milliseconds from any start. */
  constructor(rate: Rate, clock: () => number) {
    this.#rate = rate;
    this.#clock = clock;
    this.#tokens = rate.tokensMax;
    this.#filledAt = clock();
  }

  /** Takes a token. False when there is none. */
  take(): boolean {
    const { tokensMax, millisPerToken } = this.#rate;
    const now = this.#clock();
    this.#tokens = Math.min(tokensMax, this.#tokens + (now - this.#filledAt) / millisPerToken);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
