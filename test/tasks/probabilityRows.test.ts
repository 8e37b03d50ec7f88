/** @file The largest of each row without libtorch, against sorting, and against libtorch's own. */

import { expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import { AnswerTable } from '../../src/data/answerTable.js';
import { rankedAnswers } from '../../src/tasks/probabilities.js';
import { largestPlaces, probabilityRows } from '../../src/tasks/probabilityRows.js';
import { fromTypedArray, scope } from '../../src/torch/index.js';

const random = Random.derive(7, 'rows');
const values = Float32Array.from({ length: 6 * 40 }, () => random.uniform());

it('finds the largest places, and of equal values the first', () => {
  for (let row = 0; row < 6; row++) {
    const own = values.subarray(row * 40, (row + 1) * 40);
    const sorted = [...own.keys()].sort((a, b) => (own[b] as number) - (own[a] as number));
    expect(largestPlaces(own, 7)).toEqual(sorted.slice(0, 7));
    expect(largestPlaces(own, 40)).toEqual(sorted);
  }
  expect(largestPlaces(Float32Array.of(1, 3, 3, 2, 3), 4)).toEqual([1, 2, 4, 3]);
  expect(largestPlaces(Float32Array.of(1), 1)).toEqual([0]);
});

it('ranks the same answers as from a tensor', () => {
  const table = new AnswerTable(Array.from({ length: 40 }, (_, i) => `answer ${i}`));
  const plain = rankedAnswers(probabilityRows(values, 40), table, 3);
  expect(plain).toEqual(scope(() => rankedAnswers(fromTypedArray(values, [6, 40]), table, 3)));
  expect(plain[5]).toHaveLength(3);
});
