/** A way to run the engine that makes something rare happen all the time. */
export interface Pressure {
  readonly name: string;
  /** Variables that the engine heeds. */
  readonly environment: Readonly<Record<string, string>>;
}

function pressure(name: string, options: Readonly<Record<string, string | number>>): Pressure {
  const entries = Object.entries(options).map(([option, value]) => [`BUN_JSC_${option}`, String(value)]);
  return { name, environment: Object.fromEntries(entries) };
}

/** Collections are logged, to be counted. */
export const usual = pressure("as usual", { logGC: 1 });

export const collectingAllTheTime = pressure("collecting all the time", {
  collectContinuously: 1,
  collectContinuouslyPeriodMS: 20,
});

export const pressures: readonly Pressure[] = [
  pressure("compiling at once", { jitPolicyScale: 0.01 }),
  pressure("compiling at once, on the main thread", { jitPolicyScale: 0.01, useConcurrentJIT: 0 }),
  pressure("collecting at every hundredth allocation", {
    slowPathAllocsBetweenGCs: 100,
    scribbleFreeCells: 1,
    sweepSynchronously: 1,
  }),
  pressure("throwing compiled code away", {
    jitPolicyScale: 0.01,
    useEagerCodeBlockJettisonTiming: 1,
    forceCodeBlockToJettisonDueToOldAge: 1,
  }),
  pressure("leaving optimised code at every chance", {
    jitPolicyScale: 0.05,
    useOSRExitFuzz: 1,
    fireOSRExitFuzzAtOrAfter: 1,
    verboseOSRExitFuzz: 0,
  }),
  pressure("with many markers", { numberOfGCMarkers: 6, slowPathAllocsBetweenGCs: 1000 }),
  pressure("without concurrent collection", {
    useConcurrentGC: 0,
    useGenerationalGC: 0,
    slowPathAllocsBetweenGCs: 500,
  }),
];
