import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { streamCustomExamples } from '../../src/data/annotations/customAnnotations.js';
import type { Question } from '../../src/data/annotations/question.js';
import { buildAnswerTable } from '../../src/data/buildAnswerTable.js';

const folder = mkdtempSync(path.join(tmpdir(), 'custom-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function read(lines: readonly (object | string)[], numImages: 1 | 2 = 1): Promise<Question[]> {
  const file = path.join(folder, 'data.jsonl');
  writeFileSync(
    file,
    lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
  );
  const questions: Question[] = [];
  for await (const question of streamCustomExamples(file, numImages)) questions.push(question);
  return questions;
}

const base = { id: '1', image: 'a', text: 't' };

describe('streamCustomExamples', () => {
  it('takes blank labels, as tables write them, for none', async () => {
    const questions = await read([
      { ...base, labels: '' },
      { ...base, labels: [' '] },
      { ...base, labels: [] },
    ]);
    expect(questions.map(({ labels }) => labels && Object.fromEntries(labels))).toEqual([
      undefined,
      undefined,
      {},
    ]);
  });

  it('reads one label, several, scores and none', async () => {
    const questions = await read([
      { ...base, labels: 'x', type: 'kind' },
      '',
      { ...base, id: 2, labels: ['x', 'y'] },
      { ...base, labels: { x: 0.3 } },
      base,
    ]);
    expect(questions.map(({ labels }) => labels && Object.fromEntries(labels))).toEqual([
      { x: 1 },
      { x: 1, y: 1 },
      { x: 0.3 },
      undefined,
    ]);
    expect(questions.map(({ questionId }) => questionId)).toEqual(['1', 2, '1', '1']);
    expect(questions[0]).toMatchObject({ imageIds: ['a'], sentence: 't', questionType: 'kind' });
  });

  it('reads pairs in order', async () => {
    const [pair] = await read([{ id: '1', images: ['b', 'a'], text: 't' }], 2);
    expect(pair?.imageIds).toEqual(['b', 'a']);
  });

  it.each([
    ['{"id": "1", "image"', 'line 2 is not valid JSON'],
    [JSON.stringify({ ...base, text: 5 }), "line 2, key 'text'"],
    [JSON.stringify({ id: '1', text: 't' }), 'expected either image or images'],
    [JSON.stringify({ ...base, images: ['a'] }), 'expected either image or images'],
    [JSON.stringify({ id: '1', images: ['a', 'b'], text: 't' }), 'expected one image, but the example has 2'],
    [JSON.stringify({ ...base, labels: { x: 2 } }), "key 'labels"],
    [JSON.stringify({ ...base, labels: 3 }), `answers are text, and 3 is a number: write "3" in quotes`],
    [JSON.stringify({ ...base, labels: ['x', 4] }), 'answers are text, and 4 is a number'],
    [JSON.stringify(['What?', 'yes', 7]), 'line 2 is a list, ["What?","yes",7]; an example is an object'],
  ])('refuses %s', async (line, sentence) => {
    await expect(read([base, line])).rejects.toThrow(sentence);
  });
});

it.each([
  [
    { id: '1', image: 'a', question: 'q', labels: 'x' },
    "has no key 'text', but one 'question': call it 'text'",
  ],
  [{ id: '1', img_id: 'a', text: 'q', labels: 'x' }, "has no key 'image', but one 'img_id': call it 'image'"],
])(
  'says of %j which key is called otherwise, and not that the file is of another data set',
  async (line, sentence) => {
    await expect(read([line, line])).rejects.toThrow(`data.jsonl: line 1 ${sentence}`);
  },
);

describe('buildAnswerTable', () => {
  it('puts frequent answers first, whatever the order of the examples', async () => {
    const questions = await read([
      { ...base, labels: 'b' },
      { ...base, labels: ['c', 'a'] },
      { ...base, labels: 'c' },
      base,
    ]);
    expect(buildAnswerTable(questions).answers).toEqual(['c', 'a', 'b']);
    expect(buildAnswerTable([...questions].reverse()).answers).toEqual(['c', 'a', 'b']);
    expect(() => buildAnswerTable(questions.slice(3))).toThrow('No training example has a label');
  });

  it('leaves out answers of too few examples', async () => {
    const questions = await read([
      { ...base, labels: { a: 1, b: 0.3 } },
      { ...base, labels: { b: 0.3, c: 1 } },
      { ...base, labels: { b: 1, c: 0.9 } },
    ]);
    expect(buildAnswerTable(questions, 2).answers).toEqual(['b', 'c']);
    expect(buildAnswerTable(questions, 3).answers).toEqual(['b']);
    expect(() => buildAnswerTable(questions, 4)).toThrow(
      'No answer is in the labels of 4 training examples or more; the most frequent is in those of 3.',
    );
  });
});
