import type { Random } from "../../fuzz/support/random.ts";
import { clientsAtOnce, GoferLoad } from "./gofer-load.ts";
import type { Pressure } from "./pressures.ts";
import { SoakedGofer } from "./soaked-gofer.ts";
import { describeUsage, growthIn, type Usage } from "./usage.ts";

const samplesMin = 12;
const millisBetweenSamplesMax = 60_000;

/** So long for each client that comes and goes, and between attacks, unless the life is so long that there would be too many. */
const millisPerClient = 1500;
const millisPerCampaign = 4000;
const clientsMax = 24;
const campaignsMax = 8;

/** Something to be done some more times, every so often. */
interface Recurring {
  readonly millis: number;
  readonly act: () => void;
  next: number;
  left: number;
}

export interface LifeOptions {
  readonly pressure: Pressure;
  readonly millis: number;
  /** Whether it lives long enough to tell whether it grows. */
  readonly isLong: boolean;
  readonly random: Random;
}

/** A gofer from its start to its end, under load all the time. */
export class Life implements AsyncDisposable {
  readonly #pressure: Pressure;
  readonly #isLong: boolean;
  readonly #gofer: SoakedGofer;
  readonly #load: GoferLoad;
  readonly #samples: Usage[] = [];
  readonly #recurring: readonly Recurring[];
  readonly #start = performance.now();
  readonly #end: number;

  private constructor(gofer: SoakedGofer, { pressure, millis, isLong, random }: LifeOptions) {
    this.#pressure = pressure;
    this.#isLong = isLong;
    this.#gofer = gofer;
    this.#load = new GoferLoad(gofer, random);
    this.#end = this.#start + millis;
    const { clients, campaigns } = countsFor(millis);
    const often = (times: number, act: () => void): Recurring => {
      const interval = millis / (times + 1);
      return { millis: interval, act, next: this.#start + interval, left: times };
    };
    this.#recurring = [
      often(Math.max(samplesMin, Math.floor(millis / millisBetweenSamplesMax)), () => this.#look()),
      often(clients, () => this.#load.replaceClient()),
      often(campaigns, () => this.#load.attack()),
    ];
  }

  static async start(options: LifeOptions): Promise<Life> {
    const { clients, campaigns } = countsFor(options.millis);
    const gofer = await SoakedGofer.start(options.pressure, { work: clients + clientsAtOnce, campaigns });
    return new Life(gofer, options);
  }

  get isOver(): boolean {
    return performance.now() >= this.#end;
  }

  /** A burst of load, and what else is due. */
  step(): void {
    this.#explain(() => {
      this.#load.step();
      const now = performance.now();
      for (const recurring of this.#recurring) {
        if (now < recurring.next || recurring.left === 0) continue;
        recurring.next += recurring.millis;
        recurring.left--;
        recurring.act();
      }
    });
  }

  /** Ends it, and looks whether it was a good one. */
  async finish(): Promise<void> {
    this.#explain(() => {
      this.#tell(this.#load.settle());
      this.#load.finish();
    });
    await this.#gofer.end();
    if (!this.#isLong) return;
    const growth = growthIn(this.#samples);
    if (growth.length > 0) throw new Error(`${this.#pressure.name}: ${growth.join("; ")}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#load[Symbol.dispose]();
    await this.#gofer[Symbol.asyncDispose]();
  }

  #look(): void {
    const usage = this.#load.settle();
    this.#samples.push(usage);
    if (this.#isLong) this.#tell(usage);
  }

  #tell(usage: Usage): void {
    const minutes = ((performance.now() - this.#start) / 60_000).toFixed(1);
    const { requests } = this.#load;
    const { collections } = this.#gofer;
    const counted = collections === 0 ? "" : `, ${collections} collections`;
    console.log(`${this.#pressure.name}, ${minutes} min: ${requests} requests, ${describeUsage(usage)}${counted}`);
  }

  /** Says what is known of the gofer when something goes wrong. */
  #explain(act: () => void): void {
    try {
      act();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`${this.#pressure.name}: ${reason}; ${this.#gofer.describe()}`, { cause: error });
    }
  }
}

function countsFor(millis: number): { readonly clients: number; readonly campaigns: number } {
  return {
    clients: Math.min(clientsMax, Math.ceil(millis / millisPerClient)),
    campaigns: Math.min(campaignsMax, Math.ceil(millis / millisPerCampaign)),
  };
}
