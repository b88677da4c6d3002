import { describe } from "bun:test";
import { messageNames } from "../../src/wire/messages.ts";
import type { AttackOptions } from "./support/attacked-gofer.ts";
import { attackTest } from "./support/attack-test.ts";
import { Campaign } from "./support/campaign.ts";
import { Random } from "./support/random.ts";

/** Repeat a run with FUZZ_SEED=…, or make it longer with FUZZ_MESSAGES=…; the seed stands in the name of the tests. */
const seed = Number(process.env["FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const messagesWanted = Number(process.env["FUZZ_MESSAGES"] ?? 100_000);

const messagesPerGofer = 10_000;
const messagesPerCheck = 1000;
const checksPerStart = 3;
const secondsPerGoferMax = 120;

/** How the gofers are set up, in turn. */
const setUps: readonly Omit<AttackOptions, "connections">[] = [
  { globalFlags: ["--host-uds=all", "--host-fifo=open", "--character-device-policy=passthrough"] },
  {},
  { globalFlags: ["--host-uds=all", "--fdlimit=150"] },
  { globalFlags: ["--host-uds=all"], mountOptions: ["ro"] },
  { globalFlags: ["--host-uds=open"] },
];

describe(`a client that sends anything (FUZZ_SEED=${seed} FUZZ_MESSAGES=${messagesWanted})`, () => {
  const gofers = Math.ceil(messagesWanted / messagesPerGofer);
  for (let index = 0; index < gofers; index++) {
    const goferSeed = (seed + index) >>> 0;
    attackTest(
      `gains nothing: gofer ${index + 1} of ${gofers}, seed ${goferSeed}`,
      { connections: 12, ...setUps[goferSeed % setUps.length] },
      ({ gofer }) => {
        const campaign = new Campaign(gofer, new Random(goferSeed));
        for (let checks = 1; campaign.messagesSent < messagesPerGofer; checks++) {
          campaign.run(messagesPerCheck);
          if (checks % checksPerStart === 0) campaign.startOver();
          gofer.check();
        }
        campaign.startOver();
        console.log(campaign.messagesSent, gofer.judge.counts.get('success'), messageNames.filter(n=>!gofer.judge.served.has(n)).join());
      },
      secondsPerGoferMax,
    );
  }
});
