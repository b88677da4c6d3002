/** What is wrong with the machine, the build or the sandbox, in a sentence for the user. */
export class DemoFailure extends Error {}
