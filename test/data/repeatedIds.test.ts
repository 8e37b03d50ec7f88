import { describe, expect, it } from 'vitest';
import { RepeatedIds } from '../../src/data/repeatedIds.js';

async function find(
  ids: readonly string[],
): Promise<{ count: number; first: string[]; numReadings: number }> {
  const repeated = new RepeatedIds();
  for (const id of ids) repeated.add(id);
  let numReadings = 0;
  const found = await repeated.find(async function* () {
    numReadings++;
    yield* ids;
  });
  return { ...found, numReadings };
}

describe('repeated ids', () => {
  it('are counted once each and named in the order in which they come again', async () => {
    const ids = ['a', 'b', 'c', 'b', 'a', 'b', 'd', 'e', 'd', 'e'];
    expect(await find(ids)).toEqual({ count: 4, first: ['b', 'a', 'd'], numReadings: 1 });
  });

  it('are none among many that differ little, which are then not read again', async () => {
    const ids = Array.from({ length: 300_000 }, (_, i) => `${i}`);
    expect(await find(ids)).toEqual({ count: 0, first: [], numReadings: 0 });
    const hidden = [...ids, '123456'];
    expect(await find(hidden)).toEqual({ count: 1, first: ['123456'], numReadings: 1 });
  });

  it('are none among none', async () => {
    expect(await find([])).toMatchObject({ count: 0, numReadings: 0 });
  });
});
