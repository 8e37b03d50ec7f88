import { expect, it } from 'vitest';
import { censusNotices } from '../../src/data/exampleCensus.js';

it('ids that stand twice and sentences without a word are counted, with the first id', () => {
  const example = (questionId: number | string, sentence = 'What?') => ({
    imageIds: ['a'],
    questionId,
    sentence,
    labels: undefined,
    questionType: '',
    answerType: '',
  });
  expect(censusNotices([example(1), example(2)], 'q.json')).toEqual([]);
  expect(
    censusNotices([example(1), example(7), example('7'), example(3, ' \n'), example(1, '')], 'q.json'),
  ).toEqual([
    "2 of 5 examples of 'q.json' have the id of one before them (the first is 7); each counts by itself.",
    "2 of 5 examples of 'q.json' have no word in their sentence (the first has the id 3).",
  ]);
});
