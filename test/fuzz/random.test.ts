import { afterAll, describe } from "bun:test";
import { type AttackReport, describeReplies, describeReport, sumOf } from "./support/attack-report.ts";
import { attackTest } from "./support/attack-test.ts";
import type { AttackOptions } from "./support/attacked-gofer.ts";
import { Campaign } from "./support/campaign.ts";
import { Random } from "./support/random.ts";
import { seed } from "./support/seed.ts";

/** More of them make a longer run. */
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
  { globalFlags: ["--host-uds=open"], environment: { BUN_GOFER_WITHOUT_FUTEX_WAITV: "1" } },
  { globalFlags: ["--host-uds=all", "--directfs=true"] },
];

describe(`a client that sends anything (FUZZ_SEED=${seed} FUZZ_MESSAGES=${messagesWanted})`, () => {
  const gofers = Math.ceil(messagesWanted / messagesPerGofer);
  const reports: AttackReport[] = [];
  let messagesSent = 0;

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
        messagesSent += campaign.messagesSent;
      },
      { tell: (report) => void reports.push(report), secondsMax: secondsPerGoferMax },
    );
  }

  afterAll(() => {
    if (reports.length === 0) return;
    const sum = sumOf(reports);
    console.log(`${messagesSent} messages sent to ${reports.length} gofers: ${describeReport(sum)}`);
    console.log(`replies: ${describeReplies(sum.replies)}`);
  });
});
