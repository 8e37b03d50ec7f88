import { expect, it } from 'vitest';
import { difference, flattened } from '../../../src/train/distributed/agreement.js';

const first = flattened({ model: { hiddenSize: 8, shape: [2, 3] }, settings: { loss: 'soft' } });

it('agreements are compared key by key', () => {
  expect([...first]).toEqual([
    ['model.hiddenSize', '8'],
    ['model.shape', '[2,3]'],
    ['settings.loss', '"soft"'],
  ]);
  expect(difference(first, new Map(first), 1)).toBeUndefined();
});

it.each([
  [
    { model: { hiddenSize: 8, shape: [2, 4] }, settings: { loss: 'class' } },
    'model.shape is [2,3] in process 0, but [2,4] in process 1',
  ],
  [
    { model: { hiddenSize: 8, shape: [2, 3] } },
    'settings.loss is "soft" in process 0, but missing in process 1',
  ],
  [
    { model: { hiddenSize: 8, shape: [2, 3] }, settings: { loss: 'soft', clip: 5 } },
    'settings.clip is missing in process 0, but 5 in process 1',
  ],
])('the first difference of %j is named', (own, sentence) => {
  expect(difference(first, flattened(own), 1)).toContain(sentence);
});

it('data that differs is named, not its hash', () => {
  const contents = { answers: 'a1', trainingLabels: 'b1' };
  const own = flattened({ contents: { ...contents, trainingLabels: 'b2' } });
  expect(difference(flattened({ contents }), own, 1)).toBe(
    'The processes of this run read different data. What process 1 has otherwise than process 0: the labels of the training examples (--train).',
  );
});
