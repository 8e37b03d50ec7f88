import { describe, expect, it } from 'vitest';
import type { Question } from '../../src/data/annotations/question.js';
import { mistakesOf } from '../../src/tasks/index.js';

function asked(id: number, labels: Record<string, number> | undefined): Question {
  return {
    imageIds: [`image_${id}`],
    questionId: id,
    sentence: `question ${id}?`,
    labels: labels === undefined ? undefined : new Map(Object.entries(labels)),
    questionType: '',
    answerType: '',
  };
}

const said = (answer: string, probability = 0.5) => ({ answer, probability });

describe('mistakes', () => {
  it('counts what was answered where an answer was expected, the most frequent first', () => {
    const examples = [
      asked(1, { red: 1 }),
      asked(2, { red: 0.3, crimson: 0.9 }),
      asked(3, { red: 1 }),
      asked(4, { blue: 1 }),
      asked(5, { red: 1 }),
      asked(6, undefined),
      asked(7, {}),
    ];
    const answers = ['red', 'red', 'blue', 'green', 'teal', 'red', 'red'];
    expect(
      mistakesOf(
        examples,
        answers.map((answer) => said(answer)),
      )?.confusion,
    ).toEqual({
      answers: ['red', 'blue'],
      // An answer that counts, though another counts more, is right: question 2 expected red.
      counts: [
        [2, 1, 1],
        [0, 0, 1],
      ],
    });
  });

  it('lists the surest wrong answers first, and no right ones', () => {
    const examples = [
      asked(1, { red: 1 }),
      asked(2, { red: 0.3, crimson: 0.9 }),
      asked(3, { blue: 1, none: 0 }),
    ];
    const predictions = [said('red', 0.99), said('pink', 0.7), said('none', 0.8)];
    expect(mistakesOf(examples, predictions)?.surestWrong).toEqual([
      {
        questionId: 3,
        question: 'question 3?',
        imageIds: ['image_3'],
        expected: ['blue'],
        answer: 'none',
        probability: 0.8,
      },
      {
        questionId: 2,
        question: 'question 2?',
        imageIds: ['image_2'],
        expected: ['crimson', 'red'],
        answer: 'pink',
        probability: 0.7,
      },
    ]);
  });

  it('keeps the ten most frequent answers and 24 wrong ones of many', () => {
    const examples = Array.from({ length: 300 }, (_, i) => asked(i, { [`answer ${i % 12}`]: 1 }));
    const found = mistakesOf(
      examples,
      examples.map((_, i) => said('other', i / 300)),
    );
    expect(found?.confusion.answers).toHaveLength(10);
    expect(found?.confusion.counts.every((row) => row.length === 11 && row[10] === 25)).toBe(true);
    expect(found?.surestWrong.map(({ questionId }) => questionId)).toEqual(
      Array.from({ length: 24 }, (_, i) => 299 - i),
    );
  });

  it('knows nothing of examples without labels', () => {
    expect(mistakesOf([asked(1, undefined)], [said('red')])).toBeUndefined();
  });
});
