import { expect, it } from 'vitest';
import { emptySentenceNotice, repeatedIdNotice } from '../../src/data/exampleCensus.js';

it('ids that stand twice and sentences without a word are counted, with the first id', () => {
  const example = (questionId: number | string, sentence = 'What?') => ({
    imageIds: ['a'],
    questionId,
    sentence,
    labels: undefined,
    questionType: '',
    answerType: '',
  });
  const odd = [example(1), example(7), example('7'), example(3, ' \n'), example(1, '')];
  expect(repeatedIdNotice(odd, 'q.json')).toBe(
    "2 of 5 examples of 'q.json' have the id of one before them (the first is 7); each counts by itself.",
  );
  expect(emptySentenceNotice(odd, 'q.json')).toBe(
    "2 of 5 examples of 'q.json' have no word in their sentence (the first has the id 3).",
  );
  expect(repeatedIdNotice(odd.slice(0, 2), 'q.json')).toBeUndefined();
  expect(emptySentenceNotice(odd.slice(0, 2), 'q.json')).toBeUndefined();
});
