import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/common/errors.js';
import { EpochSampler } from '../../../src/data/epochSampler.js';
import { shareOf } from '../../../src/tasks/sharding.js';
import { partsOf, requireDivisible } from '../../../src/train/distributed/shardedBatches.js';

describe('shares of a batch', () => {
  it.each([
    [1, 1],
    [2, 1],
    [4, 1],
    [2, 3],
    [1, 12],
  ])(
    'of %i processes in %i parts are the batches of one process, each example once',
    (worldSize, accumulationSteps) => {
      const batches = new EpochSampler(100, 12, 5).epoch(1);
      for (const batch of batches) {
        const seen = Array.from({ length: worldSize }, (_, rank) =>
          partsOf(batch, { rank, worldSize, accumulationSteps }),
        );
        for (const parts of seen) {
          expect(parts).toHaveLength(accumulationSteps);
          for (const part of parts) expect(part).toHaveLength(12 / (worldSize * accumulationSteps));
        }
        expect(seen.flat().flatMap((part) => [...part])).toEqual([...batch]);
      }
    },
  );

  it('must be equal', () => {
    const sharding = { rank: 0, worldSize: 3, accumulationSteps: 2 };
    expect(() => requireDivisible(12, sharding)).not.toThrow();
    expect(() => requireDivisible(32, sharding)).toThrow(UsageError);
    expect(() => requireDivisible(32, sharding)).toThrow(/Use a --batch-size of 30 or 36\./);
    expect(() => requireDivisible(4, sharding)).toThrow(/Use a --batch-size of 6\./);
  });
});

it.each([0, 1, 5, 16])('shares of %i examples to evaluate are all of them in order', (numExamples) => {
  const examples = Array.from({ length: numExamples }, (_, i) => i);
  const shares = [0, 1, 2].map((rank) => shareOf(examples, { rank, worldSize: 3 }));
  expect(shares.flat()).toEqual(examples);
  const lengths = shares.map(({ length }) => length);
  expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
});
