import { describe, expect, it } from 'vitest';
import type { Question } from '../../src/data/annotations/question.js';
import { AnswerTable } from '../../src/data/answerTable.js';
import { withLabels } from '../../src/data/labelCheck.js';

const answerTable = new AnswerTable(['red', 'blue']);

/** Examples with one answer each; undefined has an empty label. */
const check = (answers: readonly (string | undefined)[]) =>
  withLabels(
    answers.map(
      (answer, i): Question => ({
        imageIds: ['a'],
        questionId: i,
        sentence: 'What?',
        questionType: '',
        answerType: '',
        labels: new Map(answer === undefined ? [] : [[answer, 1]]),
      }),
    ),
    { name: 'val.json', answerTable, maxUnlabelled: 0 },
  );

describe('examples whose answers the table has not', () => {
  it('are told of when it has them in another spelling', () => {
    const { examples, notice } = check([...Array<string>(50).fill('red'), 'BLUE']);
    expect(examples).toHaveLength(51);
    expect(notice).toBe(
      "1 of 51 labelled examples (2.0 %) of 'val.json' have only answers that are not in the table (such as 'BLUE', which the table has as 'blue'): none can be right for them.",
    );
  });

  it('are told of when they are many', () => {
    expect(check(['red', 'green']).notice).toContain("1 of 2 labelled examples (50.0 %) of 'val.json'");
    expect(check(['red', 'green']).notice).toContain("such as 'green'");
  });

  it('are told of when they are few, and empty labels are none', () => {
    expect(check([...Array<string>(50).fill('red'), 'green']).notice).toContain('1 of 51 labelled examples');
    expect(check(['red', undefined, undefined]).notice).toBeUndefined();
  });
});
