/** Fewer than these are not worth looking after: what they have left behind is small. */
const collapseMin = 4096;

/** How many objects of a kind live for long, and whether many of them have just gone. */
export class Population {
  #now = 0;
  #peak = 0;

  /** One more. */
  grow(): void {
    this.#now++;
    if (this.#now > this.#peak) this.#peak = this.#now;
  }

  /** One less. */
  shrink(): void {
    this.#now--;
  }

  /** Whether, of those that there were at the most since forgetPeak(), half have gone, and not just a few. */
  get hasCollapsed(): boolean {
    const gone = this.#peak - this.#now;
    return gone >= collapseMin && gone * 2 >= this.#peak;
  }

  /** Lets those that are there now be the most there were. */
  forgetPeak(): void {
    this.#peak = this.#now;
  }
}
