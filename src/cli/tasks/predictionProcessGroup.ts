/** @file The processes of one prediction, which answer blocks of a file in turn. */

import { version } from '../../common/version.js';
import type { PredictionProcessGroup, Task } from '../../tasks/index.js';
import { flattened, gatherValues, meet, processRank } from '../../train/distributed/index.js';

/**
 * The processes that a launcher started, after they have compared what they are to do; undefined for a process that is
 * alone.
 *
 * @throws LxmertError when they do not come together, or differ
 */
export async function predictionProcessGroup(
  task: Task,
  options: { readonly distributedTimeout: number } & Readonly<Record<string, unknown>>,
  signal: AbortSignal | undefined,
): Promise<(PredictionProcessGroup & Disposable) | undefined> {
  const self = processRank();
  if (self === undefined) return undefined;
  const { group, store } = await meet({
    process: self,
    agreement: flattened({
      version: version(),
      task: task.name,
      options: JSON.parse(JSON.stringify(options)),
    }),
    timeoutSeconds: options.distributedTimeout,
    signal,
  });
  return {
    rank: self.rank,
    worldSize: self.worldSize,
    gather: (value) => gatherValues(group, value),
    [Symbol.dispose]: () => {
      group[Symbol.dispose]();
      store[Symbol.dispose]();
    },
  };
}
