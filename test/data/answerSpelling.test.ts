import { describe, expect, it } from 'vitest';
import { spelledAsInTable, withOneSpelling } from '../../src/data/answerSpelling.js';
import { AnswerTable } from '../../src/data/answerTable.js';
import { buildAnswerTable } from '../../src/data/buildAnswerTable.js';

/** Examples with these labels. */
const labelled = (...labels: (string | Record<string, number> | undefined)[]) =>
  labels.map((label, questionId) => ({
    imageIds: ['a'],
    questionId,
    sentence: '?',
    labels:
      label === undefined
        ? undefined
        : new Map(typeof label === 'string' ? [[label, 1]] : Object.entries(label)),
    questionType: '',
    answerType: '',
  }));
const labelsOf = (examples: readonly { labels: ReadonlyMap<string, number> | undefined }[]) =>
  examples.map(({ labels }) => labels && Object.fromEntries(labels));

describe('answers in several spellings', () => {
  it('become the most frequent one, which is said', () => {
    const { examples, notices } = withOneSpelling(
      labelled(
        'Yes',
        'yes',
        'yes ',
        ' Yes',
        'yes',
        'in  the\u00a0box',
        'In the box',
        'caf\u00e9',
        'cafe\u0301',
        undefined,
      ),
      false,
    );
    expect([...buildAnswerTable(examples).answers].sort()).toEqual(['caf\u00e9', 'in the box', 'yes']);
    expect(labelsOf(examples).slice(-1)).toEqual([undefined]);
    expect(notices).toEqual([
      "6 spellings are taken for another that differs only in capitals, blanks or the form of accents, in 6 examples: 'Yes' as 'yes', 'yes ' as 'yes', ' Yes' as 'yes' ....",
    ]);
  });

  it('that differ by a full stop alone stay apart, which is said', () => {
    const { examples, notices } = withOneSpelling(labelled('red', 'red.', 'etc.', '.'), false);
    expect(buildAnswerTable(examples).answers).toHaveLength(4);
    expect(notices).toEqual([
      "1 answer differs from another by a full stop at the end alone, and they count as different answers: 'red.' beside 'red'.",
    ]);
  });

  it('stay apart in capitals when asked to, not in blanks', () => {
    const { examples } = withOneSpelling(labelled('Polish', 'polish', 'polish '), true);
    expect([...buildAnswerTable(examples).answers].sort()).toEqual(['Polish', 'polish']);
  });

  it('of one example keep the highest score', () => {
    expect(labelsOf(withOneSpelling(labelled({ Yes: 0.3, yes: 0.9 }, 'yes'), false).examples)).toEqual([
      { yes: 0.9 },
      { yes: 1 },
    ]);
  });

  it('leave other answers, and what has one spelling, as they are', () => {
    const examples = labelled('no', 'not', 'know', 'New York');
    expect(withOneSpelling(examples, false)).toEqual({ examples, notices: [] });
  });

  it('are spelled as a table spells them, where that is plain', () => {
    const table = new AnswerTable(['Yes', 'polish', 'Polish']);
    const { examples, notices } = spelledAsInTable(labelled('yes', 'Polish', 'POLISH', 'no'), table);
    expect(labelsOf(examples)).toEqual([{ Yes: 1 }, { Polish: 1 }, { POLISH: 1 }, { no: 1 }]);
    expect(notices).toEqual([expect.stringContaining('1 spelling is taken for another')]);
  });
});
