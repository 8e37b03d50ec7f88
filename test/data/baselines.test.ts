import { expect, it } from 'vitest';
import type { Question } from '../../src/data/annotations/question.js';
import { majorityAnswers, questionOnlyAnswers } from '../../src/data/baselines.js';

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
