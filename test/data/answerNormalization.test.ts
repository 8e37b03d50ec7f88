import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { matchingRows, normalizeAnswer } from '../../src/data/answerNormalization.js';
import { AnswerTable } from '../../src/data/answerTable.js';
import { loadAnswerTable } from '../../src/data/answerTableFiles.js';
import { goldenPath } from '../support/golden.js';
import { publishedPath } from '../support/published.js';

describe('normalizeAnswer', () => {
  it.each([
    ['Grey.', 'gray'],
    ['the two.', '2'],
    ['a an the x', 'x'],
    ['the a cat', 'a cat'],
    ['The  dog', 'dog'],
    [' dog', ' dog'],
    ['yes..', 'yes.'],
    ['theater', 'theater'],
    ['a ', ''],
    ['', ''],
  ])('%j becomes %j', (answer, expected) => {
    expect(normalizeAnswer(answer)).toBe(expected);
  });
});

it('matchingRows finds answers by their normal spelling', () => {
  const source = new AnswerTable(['cat', '2', 'gray']);
  expect([...matchingRows(new AnswerTable(['Grey', 'a dog', 'two', 'The cat.']), source)]).toEqual([
    2, -1, 1, 0,
  ]);
});

describe('against the reference', () => {
  it('spells every recorded answer alike', () => {
    const { answers } = JSON.parse(readFileSync(goldenPath('index.json'), 'utf8')) as {
      answers: { convert_ans: [string, string, boolean][] };
    };
    expect(answers.convert_ans.length).toBeGreaterThan(20);
    for (const [answer, expected] of answers.convert_ans) expect(normalizeAnswer(answer)).toBe(expected);
  });

  // How many answers of the published tables its loader finds among the 9,500.
  it.each([
    ['vqa', 3129, 3124],
    ['gqa', 1842, 1736],
  ] as const)('%s: of %i answers, %i are found', async (task, size, numFound) => {
    const source = await loadAnswerTable(publishedPath('lxmert', 'lxmert', 'all_ans.json'));
    const target = await loadAnswerTable(publishedPath('lxmert', task, 'trainval_label2ans.json'));
    expect([source.size, target.size]).toEqual([9500, size]);
    expect(matchingRows(target, source).filter((row) => row >= 0).length).toBe(numFound);
  });
});
