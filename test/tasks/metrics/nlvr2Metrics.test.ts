import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sentenceGroup } from '../../../src/tasks/metrics/nlvr2Metrics.js';
import { scoreNlvr2Files } from '../../../src/tasks/metrics/scoreFiles.js';
import { publishedPath } from '../../support/published.js';
import { strict, temporaryFiles } from './support.js';

const write = temporaryFiles();

const lines = (each: Record<string, string>): string =>
  Object.entries(each)
    .map(([identifier, label]) => JSON.stringify({ identifier, label, sentence: 'x' }))
    .join('\n');
const csv = (each: Record<string, string>): string =>
  `${Object.entries(each)
    .map((row) => row.join(','))
    .join('\n')}\n`;

// Two sentences about set 1 (two pairs, one pair) and one about set 2 (two pairs).
const labels = {
  'dev-1-0-0': 'True',
  'dev-1-1-0': 'False',
  'dev-1-0-1': 'True',
  'dev-2-0-0': 'False',
  'dev-2-3-0': 'True',
};
// Wrong in dev-2-3-0 only.
const judged = {
  'dev-2-3-0': 'False',
  'dev-1-0-0': 'true',
  'dev-1-1-0': 'FALSE',
  'dev-1-0-1': 'True',
  'dev-2-0-0': 'False',
};

describe('scoreNlvr2Files', () => {
  const questions = write('dev.json', lines(labels));
  const predictions = write('predictions.csv', csv(judged));

  it('counts right examples, and sentences that are right with all their pairs', async () => {
    const scores = await scoreNlvr2Files({ predictions, questions, ...strict });
    expect(scores).toMatchObject({ numExamples: 5, accuracy: 4 / 5, numSentences: 3, consistency: 2 / 3 });
    expect(scores.notComputed.map(({ metric }) => metric)).toEqual([
      'accuracy balanced',
      'accuracy unbalanced',
    ]);
  });

  it('does not depend on the order of the examples', async () => {
    const reversed = write(
      'reversed.json',
      `${lines(Object.fromEntries(Object.entries(labels).reverse()))}\r\n`,
    );
    const scores = await scoreNlvr2Files({ predictions, questions: reversed, ...strict });
    expect(scores).toMatchObject({ accuracy: 4 / 5, consistency: 2 / 3 });
  });

  it("reads the reference's form", async () => {
    const rows = Object.entries(labels).map(([identifier, label], i) => ({
      identifier,
      img0: 'a',
      img1: 'b',
      label: label === 'True' ? 1 : 0,
      sent: 'x',
      uid: `nlvr2_dev_${i}`,
    }));
    const reference = write('valid.json', `\n ${JSON.stringify(rows)}`);
    const scores = await scoreNlvr2Files({ predictions, questions: reference, ...strict });
    expect(scores).toMatchObject({ accuracy: 4 / 5, consistency: 2 / 3 });
    // Without identifiers the uids lead to the predictions, but say nothing of sentences.
    const anonymous = write(
      'uids.json',
      rows.map(({ identifier: _, ...row }) => row),
    );
    const byUid = write('uids.csv', 'nlvr2_dev_0,True\nnlvr2_dev_1,True');
    const some = await scoreNlvr2Files({
      predictions: byUid,
      questions: anonymous,
      missing: 'skip',
      extra: 'error',
    });
    expect(some).toMatchObject({ accuracy: 1 / 2, consistency: null, numSentences: 0, numMissing: 3 });
    expect(some.notComputed[0]).toMatchObject({ metric: 'consistency' });
  });

  it('scores subsets by themselves', async () => {
    const balanced = write('balanced.json', lines({ 'dev-1-0-0': 'True', 'dev-2-3-0': 'True' }));
    const unbalanced = write('unbalanced.json', lines({ 'dev-1-0-1': 'True' }));
    const scores = await scoreNlvr2Files({ predictions, questions, balanced, unbalanced, ...strict });
    expect(scores.subsets).toEqual([
      { name: 'balanced', accuracy: 1 / 2, numExamples: 2 },
      { name: 'unbalanced', accuracy: 1, numExamples: 1 },
    ]);
    expect(scores).toMatchObject({ accuracy: 4 / 5, notComputed: [] });
    const foreign = write('foreign.json', lines({ 'test1-1-0-0': 'True' }));
    await expect(scoreNlvr2Files({ predictions, questions, balanced: foreign, ...strict })).rejects.toThrow(
      'not in',
    );
  });

  it('handles missing and extra predictions as it is told', async () => {
    const part = write('part.csv', csv({ 'dev-1-0-0': 'True', 'dev-1-0-1': 'False', 'dev-9-0-0': 'True' }));
    const score = (missing: 'error' | 'skip' | 'wrong', extra: 'error' | 'ignore') =>
      scoreNlvr2Files({ predictions: part, questions, missing, extra });
    await expect(score('error', 'ignore')).rejects.toThrow('no prediction for 3 questions');
    await expect(score('skip', 'error')).rejects.toThrow('dev-9-0-0');
    expect(await score('skip', 'ignore')).toMatchObject({
      numExamples: 2,
      accuracy: 1 / 2,
      consistency: 1 / 2,
    });
    expect(await score('wrong', 'ignore')).toMatchObject({ numExamples: 5, accuracy: 1 / 5, consistency: 0 });
  });

  it.each([
    ['dev-1-0-0,True\ndev-1-1-0', /bad\.csv, line 2: expected 'identifier,True'/],
    ['name,prediction\n', /line 1: expected .* found 'name,prediction'/],
    ['identifier,prediction\n', /holds no predictions/],
    ['dev-1-0-0,yes', /line 1/],
    ['dev-1-0-0,0.9,True', /line 1/],
    // The official script compares ' True' with its blank, and finds no id with one.
    ['dev-1-0-0, True\n', /line 1: expected 'dev-1-0-0,True', found 'dev-1-0-0, True' with a blank beside/],
    ['dev-1-0-0 ,False\n', /line 1: expected 'dev-1-0-0,False'.*would score every such line as wrong/],
    [',True', /line 1/],
    ['dev-1-0-0,True\n\ndev-1-0-0,True', /line 3: question 'dev-1-0-0' was answered before/],
    ['', /holds no predictions/],
  ])('stops at predictions %j', async (text, expected) => {
    const run = scoreNlvr2Files({ predictions: write('bad.csv', text), questions, ...strict });
    await expect(run).rejects.toThrow(expected);
  });

  it('reads what the official script reads: blanks around a line, further columns; and says so of the columns', async () => {
    const text = csv(judged)
      .replace(/,(true|false)$/gim, ',$1,0.93')
      .replace(/^/gm, ' ')
      .replace(/ *$/gm, '  ');
    const more = write('more.csv', `identifier,prediction,probability\n${text.trimEnd()}\n`);
    const scores = await scoreNlvr2Files({ predictions: more, questions, ...strict });
    expect(scores).toMatchObject({ accuracy: 4 / 5, consistency: 2 / 3 });
    expect(scores.notes).toEqual([
      expect.stringContaining("'identifier,prediction,probability', is passed over"),
      expect.stringContaining('behind a second comma is passed over, first in line 2'),
    ]);
  });

  it('reads the same from JSON, which the official script does not, and says so', async () => {
    const rows = Object.entries(judged).map(([identifier, label], i) =>
      i % 2 === 0
        ? { identifier, prediction: label }
        : { identifier, prediction: label.toLowerCase() === 'true' },
    );
    const json = write('judged.json', rows);
    const scores = await scoreNlvr2Files({ predictions: json, questions, ...strict });
    expect(scores).toMatchObject({ accuracy: 4 / 5, consistency: 2 / 3 });
    expect(scores.notes[0]).toContain('the official script reads lines');
    const byId = write('by-id.json', judged);
    expect(await scoreNlvr2Files({ predictions: byId, questions, ...strict })).toMatchObject({
      accuracy: 4 / 5,
    });
    // The examples themselves would all be right.
    await expect(scoreNlvr2Files({ predictions: questions, questions, ...strict })).rejects.toThrow(
      /holds the official examples of NLVR2|true answers/,
    );
    const odd = write('odd.json', [{ identifier: 'dev-1-0-0', prediction: 'maybe' }]);
    await expect(scoreNlvr2Files({ predictions: odd, questions, ...strict })).rejects.toThrow(
      'element 0: expected True or False, found "maybe"',
    );
  });

  it.each([
    ['{"identifier": "dev-1-0-0", "label": "True"}\n{"identifier"', 'bad.json: line 2 is not valid JSON'],
    ['{"identifier": "dev-1-0-0"}', "line 1, key 'label': expected the label True or False"],
    ['{"identifier": "dev-1-0-0", "label": 2}', "line 1, key 'label'"],
    ['[{"label": 1}]', "element 0 has neither 'identifier' nor 'uid'"],
    ['{"identifier": "dev-1-0-0", "label": true}\n{"identifier": "dev-1-0-0", "label": true}', 'twice'],
    ['', 'is empty (0 bytes); expected examples of NLVR2'],
    ['[]', 'holds no examples'],
  ])('stops at examples %j', async (text, expected) => {
    const rules = { missing: 'skip', extra: 'ignore' } as const;
    const run = scoreNlvr2Files({ predictions, questions: write('bad.json', text), ...rules });
    await expect(run).rejects.toThrow(expected);
  });
});

describe('sentenceGroup', () => {
  it('leaves out the pair', () => {
    expect(sentenceGroup('dev-850-0-1')).toBe('dev-850--1');
    expect(sentenceGroup('dev-850-3-1')).toBe('dev-850--1');
    expect(sentenceGroup('nlvr2_dev_0')).toBeUndefined();
    expect(sentenceGroup('a-b-c-d-e')).toBeUndefined();
  });
});

describe('the real dev set', () => {
  const questions = publishedPath('nlvr2/dev.json');
  const examples = readFileSync(questions, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { identifier: string; label: string });
  const score = (judge: (example: { identifier: string; label: string }, i: number) => string) =>
    scoreNlvr2Files({
      predictions: write(
        'dev.csv',
        examples.map((each, i) => `${each.identifier},${judge(each, i)}`).join('\n'),
      ),
      questions,
      ...strict,
    });

  it('has 6,982 examples of 2,018 sentences', async () => {
    expect(await score(({ label }) => label)).toMatchObject({
      numExamples: 6982,
      accuracy: 1,
      numSentences: 2018,
      consistency: 1,
    });
  });

  it('scores a constant answer by its labels', async () => {
    const numTrue = examples.filter(({ label }) => label === 'True').length;
    const allTrueSentences = new Map<string, boolean>();
    for (const { identifier, label } of examples) {
      const [split, set, , sentence] = identifier.split('-');
      const key = [split, set, sentence].join(' ');
      allTrueSentences.set(key, (allTrueSentences.get(key) ?? true) && label === 'True');
    }
    const numAllTrue = [...allTrueSentences.values()].filter(Boolean).length;
    const scores = await score(() => 'True');
    expect(scores.accuracy).toBeCloseTo(numTrue / 6982, 12);
    expect(scores.consistency).toBeCloseTo(numAllTrue / 2018, 12);
  });

  it('loses one sentence to one mistake', async () => {
    const scores = await score(({ label }, i) => (i === 100 ? (label === 'True' ? 'False' : 'True') : label));
    expect(scores.accuracy).toBeCloseTo(6981 / 6982, 12);
    expect(scores.consistency).toBeCloseTo(2017 / 2018, 12);
  });
});
