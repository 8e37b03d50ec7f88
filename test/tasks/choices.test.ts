import { describe, expect, it } from 'vitest';
import type { Question } from '../../src/data/annotations/question.js';
import { AnswerTable } from '../../src/data/answerTable.js';
import { placeOfChoice } from '../../src/data/choicePlaces.js';
import { wantedAnswers } from '../../src/tasks/choices.js';
import { loadTask } from '../../src/tasks/index.js';
import { probabilityRows } from '../../src/tasks/probabilityRows.js';
import { withChoices } from '../../src/tasks/withChoices.js';

const table = new AnswerTable(['yes', '2', 'hot dog', 'Paris', 'caf\u00e9', 'US', 'us', "can't"]);
//                            yes  2    hot  Par  caf  US   us   can't
const rows = probabilityRows(
  Float32Array.of(0.1, 0.4, 0.2, 0.8, 0, 0, 0, 0, 0.3, 0.1, 0.9, 0, 0, 0, 0, 0),
  8,
);

describe('a choice in a table', () => {
  it.each([
    ['yes', 0],
    // As the official evaluation of VQA spells answers.
    ['Two', 1],
    ['a hot dog.', 2],
    ['cant', 7],
    // But for capitals, blanks and the form of accents.
    [' paris ', 3],
    ['Cafe\u0301', 4],
    // Both are there: each is itself, and what is neither is none.
    ['US', 5],
    ['us', 6],
    ['Us', 6],
    ['uS ', 6],
    ['horse', undefined],
  ])('%s stands at %s', (choice, place) => {
    expect(placeOfChoice(table, choice)).toBe(place);
  });
});

describe('answers that are wanted', () => {
  it('are the most probable of all, or the choices alone, with their parts of the sum', () => {
    const choices = ['a hot dog', 'horse', 'two'];
    const [first, second] = wantedAnswers(rows, table, (row) =>
      row === 0 ? { topK: 5, choices } : { topK: 2 },
    );
    expect(first).toEqual([
      { answer: 'two', probability: expect.closeTo(0.4, 6), share: expect.closeTo(2 / 3, 6), isKnown: true },
      {
        answer: 'a hot dog',
        probability: expect.closeTo(0.2, 6),
        share: expect.closeTo(1 / 3, 6),
        isKnown: true,
      },
      { answer: 'horse', probability: 0, share: 0, isKnown: false },
    ]);
    expect(second).toEqual([
      { answer: 'hot dog', probability: expect.closeTo(0.9, 6) },
      { answer: 'yes', probability: expect.closeTo(0.3, 6) },
    ]);
  });

  it('keep the order of choices that are equal, and known ones before others', () => {
    const [best] = wantedAnswers(rows, table, { topK: 1, choices: ['horse', 'US', 'us'] });
    expect(best!.map(({ answer, share }) => [answer, share])).toEqual([
      ['US', 0],
      ['us', 0],
      ['horse', 0],
    ]);
  });
});

it('a task with choices predicts one of them, and names those that the model does not know', async () => {
  const vqa = await loadTask('vqa');
  const example = (choices: readonly string[]): Question => ({
    imageIds: ['a'],
    questionId: 1,
    sentence: 'what?',
    labels: undefined,
    choices,
    questionType: '',
    answerType: '',
  });
  const { task, notices } = withChoices(vqa, ({ choices = [] }) => choices);
  const examples = [example(['horse', 'yes']), example(['horse', 'cow'])];
  expect(task.plainPredictions?.({ answer: rows }, table, examples)).toMatchObject([
    { answer: 'yes', probability: expect.closeTo(0.1, 6) },
    { answer: 'horse', probability: 0 },
  ]);
  expect(notices()).toEqual([
    "2 choices not among the model's answers, so never chosen before one that is: 'horse', 'cow'.",
    'Of 1 example no choice is among them; the first is written.',
  ]);
});
