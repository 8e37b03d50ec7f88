/** @file One budget for bodies and for decoding: turns, shares, refusals, and that nothing is lost or held for ever. */

import { expect, it } from 'vitest';
import { type Lease, MemoryBudget } from '../../src/serve/memoryBudget.js';
import { ServeError } from '../../src/serve/serveError.js';

const never = new AbortController().signal;

/** What was given out so far, in order. */
function taker(budget: MemoryBudget) {
  const given: string[] = [];
  const leases = new Map<string, Lease>();
  const take = (name: string, work: Promise<Lease>): void => {
    void work.then((lease) => {
      given.push(name);
      leases.set(name, lease);
    });
  };
  return {
    given,
    body: (name: string, numBytes: number) => take(name, budget.takeForBody(numBytes, never)),
    work: (name: string, numBytes: number) => take(name, budget.takeForWork(numBytes)),
    release: (name: string) => leases.get(name)?.release(),
  };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('gives bodies half of it, in turn, and the rest to work on them', async () => {
  const budget = new MemoryBudget({ numBytes: 100, maxWaiting: 10 });
  const { given, body, work, release } = taker(budget);
  body('a', 30);
  body('b', 20);
  body('c', 10);
  await settle();
  expect([given, budget.numHeld, budget.numWaiting]).toEqual([['a', 'b'], 50, 1]);
  work('a decoded', 45);
  work('b decoded', 45);
  await settle();
  expect([given, budget.numHeld]).toEqual([['a', 'b', 'a decoded'], 95]);
  release('a decoded');
  await settle();
  expect(given).toEqual(['a', 'b', 'a decoded', 'b decoded']);
  release('a');
  await settle();
  expect([given.at(-1), budget.numHeld]).toEqual(['c', 75]);
  for (const name of ['b', 'c', 'b decoded']) release(name);
  expect([budget.numHeld, budget.numPassed]).toEqual([0, 150]);
});

it('takes what is larger than all of it alone, so that nothing waits for ever', async () => {
  const budget = new MemoryBudget({ numBytes: 100, maxWaiting: 10 });
  const { given, body, work, release } = taker(budget);
  body('huge', 90);
  work('its pixels', 500);
  work('more', 10);
  body('next', 10);
  await settle();
  expect(given).toEqual(['huge', 'its pixels']);
  release('its pixels');
  await settle();
  expect(given).toEqual(['huge', 'its pixels', 'more']);
  release('huge');
  await settle();
  expect(given.at(-1)).toBe('next');
});

it('is given back when the last that holds it lets go', async () => {
  const budget = new MemoryBudget({ numBytes: 100, maxWaiting: 10 });
  const lease = await budget.takeForBody(40, never);
  lease.hold();
  lease.release();
  expect(budget.numHeld).toBe(40);
  lease.release();
  expect(budget.numHeld).toBe(0);
});

it('refuses when too many wait, and lets go of those who do not wait any more', async () => {
  const budget = new MemoryBudget({ numBytes: 100, maxWaiting: 1 });
  const first = await budget.takeForBody(50, never);
  const gone = new AbortController();
  const waiting = budget.takeForBody(50, gone.signal);
  const refused = budget.takeForBody(1, never);
  await expect(refused).rejects.toThrow(/^Other pictures take the memory .* ask again in a moment\.$/);
  await expect(refused).rejects.toMatchObject({ code: 'overloaded', status: 429 });
  gone.abort(new ServeError('timeout', 'Gone.'));
  await expect(waiting).rejects.toThrow('Gone.');
  const next = budget.takeForBody(50, never);
  first.release();
  expect((await next).numBytes).toBe(50);
});
