/** A value that is there, or that will be. Most operations finish at once, and then nothing is allocated for waiting. */
export type MaybePromise<T> = T | Promise<T>;

/** An operation in steps that waits only where it must: yields the promises it waits for, returns its value. */
export type Steps<T> = Generator<Promise<unknown>, T, unknown>;

/** One step: `value` itself when it is there, else what its promise gives. */
export function* settled<T>(value: MaybePromise<T>): Steps<T> {
  return value instanceof Promise ? ((yield value) as T) : value;
}

/** Runs the steps: to the end at once when no promise comes up, else from the first one on asynchronously. */
export function perform<T>(steps: Steps<T>): MaybePromise<T> {
  const first = steps.next();
  return first.done === true ? first.value : performLater(steps, first.value);
}

async function performLater<T>(steps: Steps<T>, firstPromise: Promise<unknown>): Promise<T> {
  let promise = firstPromise;
  for (;;) {
    let step: IteratorResult<Promise<unknown>, T>;
    try {
      step = steps.next(await promise);
    } catch (error) {
      // Either the promise was rejected, and the steps may clean up, or the steps threw, and are over.
      step = steps.throw(error);
    }
    if (step.done === true) return step.value;
    promise = step.value;
  }
}

/** Goes on with a value: at once when it is there, else when it comes. */
export function andThen<T, U>(value: MaybePromise<T>, next: (value: T) => U): MaybePromise<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
