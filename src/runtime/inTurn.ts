/** @file Work that is done one after another, where two things at once are not possible. */

/** @returns a function that does what it is given when all that it was given before is done, or failed */
export function inTurn(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
}
