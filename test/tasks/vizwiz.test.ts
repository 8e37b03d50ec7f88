import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readVizwiz, type VizwizQuestion } from '../../src/data/annotations/vizwizAnnotations.js';
import { AnswerTable } from '../../src/data/answerTable.js';
import { formatDump } from '../../src/tasks/dumpFormat.js';
import { task } from '../../src/tasks/vizwiz.js';
import { fromTypedArray, scope, type Tensor } from '../../src/torch/index.js';
import { needing } from '../support/skips.js';

const folder = mkdtempSync(path.join(tmpdir(), 'vizwiz-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function read(content: unknown): Promise<VizwizQuestion[]> {
  const file = path.join(folder, 'annotations.json');
  writeFileSync(file, JSON.stringify(content));
  const all: VizwizQuestion[] = [];
  for await (const question of readVizwiz(file)) all.push(question);
  return all;
}

/** An element of the published form, with ten answers in turn. */
const annotation = (number: number, answers: readonly string[], answerable: 0 | 1, type = 'other') => ({
  image: `VizWiz_train_0000000${number}.jpg`,
  question: `What is this ${number}?`,
  answers: Array.from({ length: 10 }, (_, i) => ({
    answer: answers[i % answers.length],
    answer_confidence: ['yes', 'maybe', 'no'][i % 3],
  })),
  answer_type: type,
  answerable,
});

describe('the annotations', () => {
  it('become questions: images by the id of their features, soft labels of the ten answers', async () => {
    const [first, second] = await read([
      annotation(0, ['basil leaves', 'basil', 'basil', 'basil', '2'], 1),
      annotation(1, ['unanswerable'], 0, 'unanswerable'),
    ]);
    expect(first).toEqual({
      imageIds: ['VizWiz_train_00000000'],
      questionId: 'VizWiz_train_00000000.jpg',
      sentence: 'What is this 0?',
      // Two, six and two of ten.
      labels: new Map([
        ['basil leaves', 0.6],
        ['basil', 1],
        ['2', 0.6],
      ]),
      questionType: '',
      answerType: 'other',
      answers: [
        'basil leaves',
        'basil',
        'basil',
        'basil',
        '2',
        'basil leaves',
        'basil',
        'basil',
        'basil',
        '2',
      ],
      answerable: 1,
    });
    expect(second).toMatchObject({ answerType: 'unanswerable', answerable: 0 });
    expect(second?.labels).toEqual(new Map([['unanswerable', 1]]));
  });

  it('of the test split have no labels', async () => {
    const [question] = await read([{ image: 'VizWiz_test_00000000.jpg', question: 'What is it?' }]);
    expect(question).toMatchObject({ labels: undefined, answers: undefined, answerable: undefined });
    expect(question).toMatchObject({ answerType: '', imageIds: ['VizWiz_test_00000000'] });
  });

  const whole = annotation(0, ['red'], 1);
  it.each([
    [{ ...whole, answerable: 2 }, "question 1, key 'answerable': expected 0 or 1, found 2."],
    [{ ...whole, answerable: '1' }, `question 1, key 'answerable': expected 0 or 1, found "1".`],
    [
      { ...whole, question: undefined },
      "question 1, key 'question': expected the text of the question, found nothing.",
    ],
    [{ ...whole, image: 7 }, "question 1, key 'image': expected the name of an image file, found 7."],
    [{ ...whole, answers: [] }, "question 1, key 'answers': expected ten answers, found []."],
    [
      { ...whole, answers: ['red'] },
      `question 1, key 'answers.0': expected an object with an answer, found "red".`,
    ],
    [
      { ...whole, answers: undefined },
      "question 1, key 'answers': expected it beside 'answerable', found nothing. Labelled splits have both",
    ],
    [
      { ...whole, answerable: undefined },
      "question 1, key 'answerable': expected it beside 'answers', found nothing.",
    ],
    ['red', 'question 1: expected an object with image and question, found "red".'],
  ])('%j is refused', async (second, sentence) => {
    await expect(read([whole, second])).rejects.toThrow(`annotations.json: ${sentence}`);
  });

  it('in an object are refused', async () => {
    await expect(read({ annotations: [] })).rejects.toThrow(
      'is a JSON object with the keys "annotations"; expected VizWiz\'s annotations',
    );
  });
});

describe('predictions', () => {
  it('are written byte for byte as the challenges read them: in order of keys, one file for both', async () => {
    const questions = await read([annotation(0, ['red'], 1), annotation(1, ['caf\u00e9'], 0)]);
    const text = formatDump(task.dump, questions, [
      { answer: 'red', probability: 0.9, answerable: 0.75 },
      { answer: 'caf\u00e9', probability: 0.5, answerable: 1e-7 },
    ]);
    expect(text).toBe(
      [
        '[',
        '    {',
        '        "answer": "red",',
        '        "answerable": 0.75,',
        '        "image": "VizWiz_train_00000000.jpg"',
        '    },',
        '    {',
        '        "answer": "caf\\u00e9",',
        '        "answerable": 1e-7,',
        '        "image": "VizWiz_train_00000001.jpg"',
        '    }',
        ']',
      ].join('\n'),
    );
  });

  it('are scored officially: accuracy by type, and how well unanswerable questions are found', async () => {
    const questions = await read([
      annotation(0, ['red', 'red', 'red', 'red', 'pink'], 1),
      annotation(1, ['unanswerable'], 0, 'unanswerable'),
      annotation(2, ['two'], 1),
      { image: 'VizWiz_train_00000003.jpg', question: 'Without labels?' },
    ]);
    const prediction = (answer: string, answerable: number) => ({ answer, probability: 1, answerable });
    const scores = task.scores(questions, [
      prediction('pink', 0.9),
      prediction('unanswerable', 0.6),
      // The annotators' 'two' is not normalised, the prediction is.
      prediction('two', 0.3),
      prediction('red', 0),
    ]);
    expect(scores.numQuestions).toBe(3);
    expect(scores.overall).toBeCloseTo((0.6 + 1 + 0) / 3, 12);
    expect(scores.tables).toEqual([
      {
        key: 'byAnswerType',
        title: 'By answer type',
        rows: [
          { type: 'other', score: expect.closeTo(0.3, 12), numQuestions: 2 },
          { type: 'unanswerable', score: 1, numQuestions: 1 },
        ],
      },
    ]);
    // The one that cannot be answered comes second, and 1 - 0.6 is not above 0.5.
    expect(scores.measures.averagePrecision?.value).toBeCloseTo(0.5, 12);
    expect(scores.measures.f1?.value).toBe(0);
  });
});

needing('bridge').describe('the heads', () => {
  const table = new AnswerTable(['red', 'unanswerable']);

  it('get soft answers and answerability, and each its loss', async () => {
    const questions = await read([
      annotation(0, ['red', 'red', 'red', 'red', 'pink'], 1),
      annotation(1, ['unanswerable'], 0),
    ]);
    const targets = task.targets(questions, table);
    expect([...targets.answer]).toEqual([1, 0, 0, 1]);
    expect([...targets.answerability]).toEqual([1, 0]);
    scope(() => {
      const tensor = (values: readonly number[], shape: number[]): Tensor =>
        fromTypedArray(Float32Array.from(values), shape);
      const loss = task.trainingLoss(
        { answer: tensor([2, -1, 0.5, 0], [2, 2]), answerability: tensor([1, 3], [2, 1]) },
        { answer: tensor([1, 0, 0, 1], [2, 2]), answerability: tensor([1, 0], [2, 1]) },
        'soft',
      );
      if (!('parts' in loss)) throw new Error('expected a loss of parts');
      const entropy = (logit: number, target: number): number =>
        Math.log(1 + Math.exp(logit)) - target * logit;
      // Summed over the answers, mean over the batch.
      const answer = (entropy(2, 1) + entropy(-1, 0) + entropy(0.5, 0) + entropy(0, 1)) / 2;
      const answerability = (entropy(1, 1) + entropy(3, 0)) / 2;
      expect(loss.parts.answer?.item()).toBeCloseTo(answer, 5);
      expect(loss.parts.answerability?.item()).toBeCloseTo(answerability, 5);
      expect(loss.total.item()).toBeCloseTo(answer + answerability, 5);
      const predictions = task.predictions(
        { answer: tensor([0.9, 0.2, 0.3, 0.4], [2, 2]), answerability: tensor([0.25, 0.75], [2, 1]) },
        table,
        [],
      );
      expect(predictions.map(({ answer: best, answerable }) => [best, answerable])).toEqual([
        ['red', 0.25],
        ['unanswerable', 0.75],
      ]);
    });
  });

  it('are not trained on questions without labels', async () => {
    const questions = await read([{ image: 'VizWiz_test_00000000.jpg', question: 'What is it?' }]);
    expect(() => task.targets(questions, table)).toThrow(
      "The question about VizWiz_test_00000000.jpg has no 'answerable', so it cannot be trained on.",
    );
  });
});
