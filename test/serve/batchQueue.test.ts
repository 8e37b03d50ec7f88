/** @file Requests done together: sizes, groups, limits, cancellation, and that one does no harm to the others. */

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { BatchQueue, type BatchQueueOptions } from '../../src/serve/batchQueue.js';
import { ServeError } from '../../src/serve/serveError.js';

/** A queue of words whose results are the words in capitals; batches are kept, and held back until they are let go. */
function queueOf(options: Partial<BatchQueueOptions<string, string>> = {}) {
  const batches: (readonly string[])[] = [];
  let release: () => void = () => undefined;
  let gate = Promise.resolve();
  const queue = new BatchQueue<string, string>({
    maxBatch: 4,
    maxWait: 1,
    maxQueued: 100,
    numWorkers: 1,
    groupOf: (item) => item[0] ?? '',
    run: async (items) => {
      batches.push(items);
      await gate;
      if (items.some((item) => item.includes('!'))) throw new Error(`no: ${items.join()}`);
      return items.map((item) => item.toUpperCase());
    },
    ...options,
  });
  return {
    queue,
    batches,
    hold: () => {
      gate = new Promise((resolve) => {
        release = resolve;
      });
    },
    letGo: () => release(),
  };
}

describe('a batch queue', () => {
  it('does what comes together in one batch, with results in order', async () => {
    const { queue, batches } = queueOf();
    expect(await Promise.all(['a', 'b', 'c'].map((item) => queue.add(item)))).toEqual(['A', 'B', 'C']);
    expect(batches).toEqual([['a', 'b', 'c']]);
  });

  it('keeps batches to the sizes of their items, and one that is larger comes alone', async () => {
    const { queue, batches } = queueOf({ size: { of: (item) => item.length, most: 5 } });
    await Promise.all(['aa', 'bb', 'cc', 'ddddddd', 'e'].map((item) => queue.add(item)));
    expect(batches).toEqual([['aa', 'bb'], ['cc'], ['ddddddd'], ['e']]);
  });

  it('keeps batches to their size, and what gathers meanwhile is the next one', async () => {
    const { queue, batches, hold, letGo } = queueOf();
    hold();
    const first = [1, 2, 3, 4].map((i) => queue.add(`a${i}`));
    await sleep(5);
    const rest = ['b', 'c', 'd', 'e', 'f', 'g'].map((item) => queue.add(item));
    await sleep(5);
    expect(batches).toEqual([['a1', 'a2', 'a3', 'a4']]);
    expect(queue.numWaiting).toBe(6);
    letGo();
    expect(await Promise.all([...first, ...rest])).toHaveLength(10);
    expect(batches.slice(1)).toEqual([
      ['b', 'c', 'd', 'e'],
      ['f', 'g'],
    ]);
  });

  it('puts a group together, the oldest first', async () => {
    const { queue, batches } = queueOf();
    await Promise.all(['x1', 'y1', 'x2', 'y2', 'x3'].map((item) => queue.add(item)));
    expect(batches[0]).toEqual(['x1', 'x2', 'y1', 'y2']);
    expect(batches[1]).toEqual(['x3']);
  });

  it('gives the failure to the one whose it is', async () => {
    const { queue } = queueOf();
    const results = await Promise.allSettled(['a', 'b!', 'c'].map((item) => queue.add(item)));
    expect(results).toEqual([
      { status: 'fulfilled', value: 'A' },
      { status: 'rejected', reason: new Error('no: b!') },
      { status: 'fulfilled', value: 'C' },
    ]);
  });

  it('refuses one too many, and takes more when there is room', async () => {
    const { queue, hold, letGo } = queueOf({ maxQueued: 2 });
    hold();
    const atWork = [1, 2, 3, 4].map((i) => queue.add(`a${i}`).catch((error: ServeError) => error.code));
    await sleep(5);
    const waiting = [queue.add('b'), queue.add('c')];
    await expect(queue.add('d')).rejects.toThrow(ServeError);
    await expect(queue.add('d')).rejects.toMatchObject({ status: 429 });
    letGo();
    await Promise.all([...atWork, ...waiting]);
    expect(await queue.add('d')).toBe('D');
  });

  it('forgets what is cancelled', async () => {
    const { queue, batches, hold, letGo } = queueOf();
    hold();
    const first = queue.add('a');
    await sleep(5);
    const controller = new AbortController();
    const second = queue.add('b', controller.signal);
    const third = queue.add('c');
    controller.abort(new ServeError('timeout', 'too late'));
    await expect(second).rejects.toMatchObject({ status: 504 });
    letGo();
    expect(await Promise.all([first, third])).toEqual(['A', 'C']);
    expect(batches).toEqual([['a'], ['c']]);
    await expect(queue.add('d', AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
  });

  it('drains when all that waited were cancelled, and lets what is at work go on', async () => {
    const { queue, hold, letGo } = queueOf({ maxWait: 10 });
    const controller = new AbortController();
    const cancelled = queue.add('a', controller.signal);
    const drained = queue.drain();
    controller.abort(new ServeError('timeout', 'too late'));
    await expect(cancelled).rejects.toMatchObject({ status: 504 });
    await drained;

    hold();
    const late = new AbortController();
    const atWork = queue.add('b', late.signal);
    await sleep(30);
    late.abort(new Error('too late'));
    letGo();
    expect(await atWork).toBe('B');
  });

  it('works on as many batches at once as there are workers, and drains', async () => {
    const { queue, batches, hold, letGo } = queueOf({ numWorkers: 2, maxBatch: 1 });
    hold();
    const all = ['a', 'b', 'c'].map((item) => queue.add(item));
    await sleep(5);
    expect(batches).toEqual([['a'], ['b']]);
    let isDrained = false;
    const drained = queue.drain().then(() => {
      isDrained = true;
    });
    await sleep(5);
    expect([queue.isBusy, isDrained]).toEqual([true, false]);
    letGo();
    await Promise.all(all);
    await drained;
    expect(queue.isBusy).toBe(false);
    await queue.drain();
  });
});
