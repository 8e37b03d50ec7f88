/** @file Two streams of records brought together by their id, in the order of the first. */

import { LxmertError } from '../../common/errors.js';

/** One stream of a join. */
export interface JoinSide<T> {
  /** What messages call the stream. */
  readonly name: string;
  readonly records: AsyncIterable<T>;
  /** Ids are compared as text: some files write numbers, some write them in quotes. */
  readonly idOf: (record: T) => number | string;
}

/**
 * Yields a pair for each record of `left`, in its order, with the record of `right` that has the same id. Files that
 * keep the same order, as the official ones do, need the memory of one pair and of the ids; others also that of
 * the records which came too early.
 *
 * @throws LxmertError for a record of either side that the other side lacks, or an id that stands twice among those kept
 */
export async function* joinById<L, R>(
  left: JoinSide<L>,
  right: JoinSide<R>,
): AsyncGenerator<[L, R], void, undefined> {
  const early = new Map<string, R>();
  const seen = new Set<string>();
  const rest = right.records[Symbol.asyncIterator]();
  try {
    for await (const record of left.records) {
      const id = String(left.idOf(record));
      if (seen.has(id)) throw new LxmertError(`${left.name} has the question ${id} twice.`);
      seen.add(id);
      let match = early.get(id);
      early.delete(id);
      while (match === undefined) {
        const next = await rest.next();
        if (next.done === true) {
          throw new LxmertError(
            `${left.name} has the question ${id}, but ${right.name} does not. Are the files of the same split, and whole? Of questions that are annotated in part, take the others out of the file.`,
          );
        }
        const nextId = String(right.idOf(next.value));
        if (nextId === id) match = next.value;
        else if (early.has(nextId) || seen.has(nextId))
          throw new LxmertError(`${right.name} has the question ${nextId} twice.`);
        else early.set(nextId, next.value);
      }
      yield [record, match];
    }
    const next = early.size === 0 ? await rest.next() : undefined;
    const extra =
      next === undefined ? [...early.keys()][0] : next.done === true ? undefined : right.idOf(next.value);
    if (extra !== undefined) {
      const fault = seen.has(String(extra)) ? ' twice' : `, but ${left.name} does not`;
      throw new LxmertError(`${right.name} has the question ${extra}${fault}.`);
    }
  } finally {
    await rest.return?.();
  }
}
