import { describe, expect, it } from 'vitest';
import { pythonDictOrder, pythonHash, pythonProbes } from '../../../src/data/prepare/pythonDictOrder.js';
import { publishedPath } from '../../support/published.js';
import { readJson } from './support.js';

describe('the order of a Python 2.7 dict', () => {
  it('hashes as Python does', () => {
    // As Python 2.7 on 64 bits prints them.
    expect(pythonHash('')).toBe(0n);
    expect(pythonHash('a')).toBe(12416037344n);
  });

  // As Python 2.7 prints dicts of these letters, put in alphabetically. The sixth makes the dict grow.
  it.each([
    ['abc', 'acb'],
    ['abcde', 'acbed'],
    ['abcdefg', 'acbedgf'],
  ])('%s -> %s', (inserted, printed) => {
    expect(pythonDictOrder(inserted).join('')).toBe(printed);
  });

  it('loses none of many, which come by their hashes but for collisions', () => {
    const words = Array.from({ length: 30_000 }, (_, i) => `answer ${i * 7919}`);
    const order = pythonDictOrder(words);
    expect([...order].sort()).toEqual([...words].sort());
    const slots = order.map((word) => Number(pythonHash(word) & 0x1ffffn));
    const numAscending = slots.filter((slot, i) => i === 0 || slots[i - 1]! < slot).length;
    expect(numAscending).toBeGreaterThan(0.8 * words.length);
  });

  it('every answer of the published VQA table lies where a dict of 2^17 slots puts it', () => {
    const answers = readJson(publishedPath('lxmert', 'vqa', 'trainval_label2ans.json')) as string[];
    expect(numPlaceable(answers, 1 << 17)).toBe(answers.length);
    // In another order, or a dict of another size, most cannot lie there.
    expect(numPlaceable([...answers].sort(), 1 << 17)).toBeLessThan(answers.length / 2);
    expect(numPlaceable(answers, 1 << 18)).toBeLessThan(answers.length / 2);
  });
});

/** How many of `words`, in their order, can be given ascending slots among the first few that their hashes lead to. */
function numPlaceable(words: readonly string[], numSlots: number): number {
  let last = -1;
  let numPlaced = 0;
  // Backwards bound: the earliest slot that leaves room is the best choice for all that follow.
  for (const word of words) {
    const probes = pythonProbes(pythonHash(word), numSlots);
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 5; i++) {
      const slot = probes.next().value;
      if (slot > last && slot < best) best = slot;
    }
    if (best > last + numSlots / 8) continue;
    last = best;
    numPlaced++;
  }
  return numPlaced;
}
