import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  normalizeVizwizAnswer,
  officialVizwizScore,
  type VizwizAnnotation,
  VizwizScorer,
  type VizwizScores,
} from '../../../src/tasks/metrics/vizwizMetrics.js';
import { readVizwizPredictions } from '../../../src/tasks/metrics/vizwizPredictions.js';

const folder = mkdtempSync(path.join(tmpdir(), 'vizwiz-metrics-'));
afterAll(() => rmSync(folder, { recursive: true }));

let numFiles = 0;
function write(content: unknown): string {
  const file = path.join(folder, `${numFiles++}.json`);
  writeFileSync(file, JSON.stringify(content));
  return file;
}

/** Ten answers: each of the given ones as often as stated. */
const ten = (counts: Readonly<Record<string, number>>): string[] =>
  Object.entries(counts).flatMap(([answer, count]) => Array<string>(count).fill(answer));

describe('the score of an answer', () => {
  // With n of ten annotators: ((10 - n) * min(1, n/3) + n * min(1, (n-1)/3)) / 10.
  it.each([
    [0, 0],
    [1, 0.3],
    [2, 0.6],
    [3, 0.9],
    [4, 1],
    [10, 1],
  ])('with %i of ten annotators is %d', (count, expected) => {
    expect(officialVizwizScore('red', ten({ red: count, blue: 10 - count }))).toBeCloseTo(expected, 12);
  });

  it('normalises the prediction always, and the annotators never', () => {
    // All ten agree, and VQA's rule would then compare letter by letter.
    expect(officialVizwizScore('The Red.', ten({ red: 10 }))).toBe(1);
    expect(officialVizwizScore('two', ten({ '2': 10 }))).toBe(1);
    // Nothing that is predicted comes out so.
    expect(officialVizwizScore('two', ten({ two: 10 }))).toBe(0);
    expect(officialVizwizScore('a cat', ten({ 'a cat': 10 }))).toBe(0);
    expect(officialVizwizScore('a cat', ten({ cat: 4, 'a cat': 6 }))).toBe(1);
  });

  it('takes as many annotators as there are, told apart by position', () => {
    expect(officialVizwizScore('red', ['red', 'red', 'red', 'red'])).toBe(1);
    expect(officialVizwizScore('red', ['red', 'red', 'blue', 'green'])).toBeCloseTo(0.5, 12);
    // With three or fewer there are never three others: the share, as VQA's rule here has it.
    expect(officialVizwizScore('red', ['red', 'red'])).toBe(1);
    expect(officialVizwizScore('red', [])).toBe(0);
  });
});

describe('the spelling of a predicted answer', () => {
  it.each([
    [' Dont\tknow\n', 'don\u2019t know'],
    ["don't know", "don't know"],
    ['cant', "can't"],
    ['wheres', "where's"],
    ['whered', 'where\u2019d'],
    ["couldn'tve", 'couldn\u2019t\u2019ve'],
    ["hadnt've", "hadnt've"],
    ['somebody\u2019d', 'somebodyd'],
    ['an e-mail, please', 'e mail please'],
    ['$1,000.50', '$1000.50'],
  ])('%j becomes %j', (answer, expected) => expect(normalizeVizwizAnswer(answer)).toBe(expected));
});

describe('a file of predictions', () => {
  const annotations: readonly (VizwizAnnotation & { readonly image: string })[] = [
    { image: 'a.jpg', answers: ten({ red: 6, pink: 4 }), answerType: 'other', answerable: 1 },
    { image: 'b.jpg', answers: ten({ unanswerable: 8, no: 2 }), answerType: 'unanswerable', answerable: 0 },
    { image: 'c.jpg', answers: ten({ yes: 3, no: 7 }), answerType: 'yes/no', answerable: 1 },
    { image: 'd.jpg', answers: ten({ unanswerable: 10 }), answerType: 'unanswerable', answerable: 0 },
  ];

  async function score(
    predictions: unknown,
    rules: { missing: 'error' | 'skip' | 'wrong'; extra: 'error' | 'ignore' } = {
      missing: 'error',
      extra: 'error',
    },
  ): Promise<VizwizScores> {
    const scorer = new VizwizScorer(await readVizwizPredictions(write(predictions)), 'val.json', rules);
    for (const { image, ...annotation } of annotations) scorer.add(image, annotation);
    return scorer.finish();
  }

  it('with both keys is scored for both challenges', async () => {
    const scores = await score([
      { image: 'd.jpg', answer: 'unanswerable', answerable: 0.7 },
      { image: 'a.jpg', answer: 'Red', answerable: 0.8 },
      { image: 'b.jpg', answer: 'no', answerable: 0.2 },
      { image: 'c.jpg', answer: 'yes', answerable: 0.4 },
    ]);
    expect(scores.accuracy).toBeCloseTo((1 + 0.6 + 0.9 + 1) / 4, 12);
    expect(scores.byAnswerType).toEqual([
      { type: 'other', score: 1, numQuestions: 1 },
      { type: 'unanswerable', score: expect.closeTo(0.8, 12), numQuestions: 2 },
      { type: 'yes/no', score: expect.closeTo(0.9, 12), numQuestions: 1 },
    ]);
    // Surest first: b (0.8, right), c (0.6, wrong), d (0.3, right), a: (1/1 + 2/3) / 2.
    expect(scores.averagePrecision).toBeCloseTo(5 / 6, 12);
    // Above 0.5 are b and c: one right of two predicted and two that there are.
    expect(scores.f1).toBeCloseTo((2 * 1) / (2 + 2), 12);
    expect(scores).toMatchObject({ numQuestions: 4, numPredictions: 4, notComputed: [] });
  });

  it('with one key is scored for its challenge, and says what the other needs', async () => {
    const images = annotations.map(({ image }) => image);
    const answers = await score(images.map((image) => ({ image, answer: 'no' })));
    expect(answers.accuracy).toBeCloseTo((0 + 0.6 + 1 + 0) / 4, 12);
    expect(answers).toMatchObject({ averagePrecision: null, f1: null });
    expect(answers.notComputed).toEqual([
      { metric: 'average precision', needs: "'answerable' in the predictions" },
      { metric: 'F1', needs: "'answerable' in the predictions" },
    ]);
    const answerable = await score(images.map((image) => ({ image, answerable: 0 })));
    // All are alike: the share of unanswerable questions; F1 2 * 2 / (4 + 2).
    expect(answerable).toMatchObject({ accuracy: null, byAnswerType: [], averagePrecision: 0.5 });
    expect(answerable.f1).toBeCloseTo(2 / 3, 12);
    expect(answerable.notComputed).toEqual([{ metric: 'accuracy', needs: "'answer' in the predictions" }]);
  });

  it('that lacks questions stops, leaves them out, or has them wrong', async () => {
    const one = [{ image: 'b.jpg', answer: 'unanswerable', answerable: 0.1 }];
    await expect(score(one)).rejects.toThrow('has no prediction for 3 questions of val.json');
    const skipped = await score(one, { missing: 'skip', extra: 'error' });
    expect(skipped).toMatchObject({ accuracy: 1, averagePrecision: 1, f1: 1, numQuestions: 1 });
    const wrong = await score(one, { missing: 'wrong', extra: 'error' });
    // a and c are taken for unanswerable and d for answerable: surest first a and c (1), b (0.9), d (0).
    expect(wrong).toMatchObject({ accuracy: 0.25, numQuestions: 4, numMissing: 3 });
    expect(wrong.averagePrecision).toBeCloseTo((1 / 3 + 2 / 4) / 2, 12);
    expect(wrong.f1).toBeCloseTo((2 * 1) / (3 + 2), 12);
  });

  it('without an unanswerable question has no scores of them', async () => {
    const scorer = new VizwizScorer(
      await readVizwizPredictions(write([{ image: 'a.jpg', answer: 'red', answerable: 0.3 }])),
      'val.json',
      { missing: 'skip', extra: 'error' },
    );
    for (const { image, ...annotation } of annotations) scorer.add(image, annotation);
    expect(scorer.finish()).toMatchObject({
      averagePrecision: null,
      f1: null,
      notComputed: [{ needs: 'a question that cannot be answered among those scored' }, {}],
    });
  });

  it.each([
    [[{ image: 'a.jpg' }], "element 0: expected 'answer' or 'answerable' beside 'image', found neither."],
    [
      [
        { image: 'a.jpg', answer: 'x', answerable: 1 },
        { image: 'b.jpg', answer: 'x' },
      ],
      "element 1, key 'answerable': it is missing, but the first element has it.",
    ],
    [
      [
        { image: 'a.jpg', answer: 'x' },
        { image: 'b.jpg', answer: 'x', answerable: 1 },
      ],
      "element 1, key 'answerable': it is there, but the first element has none.",
    ],
    [[{ image: 'a.jpg', answerable: 1.5 }], "element 0, key 'answerable'"],
    [[{ answer: 'x' }], "element 0, key 'image'"],
    [
      [
        { image: 'a.jpg', answer: 'x' },
        { image: 'a.jpg', answer: 'y' },
      ],
      "element 1: question 'a.jpg' was answered before.",
    ],
    [[], 'holds no predictions.'],
  ])('%j is refused', async (content, sentence) => {
    await expect(readVizwizPredictions(write(content))).rejects.toThrow(sentence);
  });
});

describe('predictions in other forms', () => {
  const score = async (content: unknown) => {
    const scorer = new VizwizScorer(await readVizwizPredictions(write(content)), 'val.json', {
      missing: 'error',
      extra: 'error',
    });
    scorer.add('a.jpg', { answers: ten({ red: 10 }), answerType: 'other', answerable: 1 });
    scorer.add('b.jpg', { answers: ten({ 'a dog': 10 }), answerType: 'other', answerable: 1 });
    return scorer.finish();
  };

  it.each<[string, unknown, RegExp]>([
    [
      'image ids',
      [
        { image_id: 'a.jpg', answer: 'red' },
        { image_id: 'b.jpg', answer: '' },
      ],
      /taken are image 'image_id'/,
    ],
    [
      'names without endings',
      [
        { image: 'a', answer: 'red' },
        { image: 'b', answer: '' },
      ],
      /without the endings of their files/,
    ],
    [
      'names with folders',
      [
        { image: 'val/a.jpg', answer: 'red' },
        { image: 'val/b.jpg', answer: '' },
      ],
      /named with folders/,
    ],
    ['answers by picture', { 'a.jpg': 'red', 'b.jpg': 'A' }, /an object of predictions by picture/],
    [
      'numbers',
      [
        { image: 'a.jpg', answer: 'red' },
        { image: 'b.jpg', answer: 2 },
      ],
      /numbers are taken as their text/,
    ],
  ])('with %s are scored and told of', async (_, content, note) => {
    const { accuracy, notes } = await score(content);
    expect(accuracy).toBe(0.5);
    expect(notes.join('\n')).toMatch(note);
  });

  it('with null answers lack them', async () => {
    const content = [
      { image: 'a.jpg', answer: 'red' },
      { image: 'b.jpg', answer: null },
    ];
    await expect(score(content)).rejects.toThrow(/no prediction for 1 question.* null and taken as none/);
  });

  it('that are right but for an article, or have nothing beside one, are told of', async () => {
    const { accuracy, notes } = await score({ 'a.jpg': 'The', 'b.jpg': 'a dog' });
    expect(accuracy).toBe(0);
    expect(notes.join('\n')).toMatch(/1 answer differs .* articles/);
    expect(notes.join('\n')).toMatch(/1 predicted answer is empty, or nothing but articles/);
  });
});
