import { expect, it } from 'vitest';
import type { Question } from '../../src/data/annotations/question.js';
import {
  majorityAnswers,
  openingAnswers,
  questionOnlyAnswers,
  sentenceOnlyLabels,
} from '../../src/data/baselines.js';

function question(sentence: string, questionType: string, labels?: Record<string, number>): Question {
  return {
    imageIds: ['a'],
    questionId: 1,
    sentence,
    questionType,
    answerType: '',
    labels: labels && new Map(Object.entries(labels)),
  };
}

const training = [
  question('What colour is the ring?', 'colour', { red: 1, blue: 0.3 }),
  question('What colour is the ring?', 'colour', { blue: 0.9 }),
  question('What colour is the star?', 'colour', { red: 1 }),
  question('How many?', 'count', { 2: 1 }),
];

it('answers with the best total score of the type', () => {
  const asked = [question('x', 'colour'), question('y', 'count'), question('z', 'unseen')];
  expect(majorityAnswers(training, asked)).toEqual(['red', '2', 'red']);
});

it('answers with the best total score of the very text, else of the type', () => {
  const asked = [question('what colour is the ring? ', 'colour'), question('What colour is it?', 'colour')];
  expect(questionOnlyAnswers(training, asked)).toEqual(['blue', 'red']);
});

it('answers a new text by the longest opening that training showed', () => {
  const asked = [question('How large?', ''), question('What colour is the ball?', ''), question('Why?', '')];
  // "How": 2. "What colour is the": red 2 against blue 1.2. Nothing in common: red has the best total.
  expect(openingAnswers(training, asked)).toEqual(['2', 'red', 'red']);
});

it('judges a statement by its text', () => {
  const known = [
    { sentence: 'There is a star.', isTrue: false },
    { sentence: 'There is a star.', isTrue: false },
    { sentence: 'There is a ring.', isTrue: true },
  ];
  const asked = [
    { sentence: 'There is a ring.' },
    { sentence: 'there is a star.' },
    { sentence: 'There is it.' },
  ];
  expect(sentenceOnlyLabels(known, asked)).toEqual([true, false, false]);
});
