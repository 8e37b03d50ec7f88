/** @file Taking turns, so that what else goes on in the machine meets everybody alike. */

import { setTimeout } from 'node:timers/promises';
import { Random } from '../../common/random.js';

/** Thread pools of engines go on spinning for some time after an answer, and would be measured with the next one. */
const PAUSE_MS = 200;

export interface TurnOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told after each round. */
  readonly onRound?: ((done: number, total: number) => void) | undefined;
}

/** Each runner once a round, after a rest. */
export async function* inTurn<Runner>(
  runners: readonly Runner[],
  numRounds: number,
  { signal, onRound }: TurnOptions = {},
): AsyncGenerator<{ readonly runner: Runner; readonly round: number }> {
  for (let round = 0; round < numRounds; round++) {
    // In another order each time, so that nobody always comes after the same one.
    const order = [...runners];
    new Random(round).shuffle(order);
    for (const runner of order) {
      signal?.throwIfAborted();
      await setTimeout(PAUSE_MS);
      yield { runner, round };
    }
    onRound?.(round + 1, numRounds);
  }
}
