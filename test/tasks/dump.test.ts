import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { formatDump } from '../../src/tasks/dumpFormat.js';
import { task as nlvr2 } from '../../src/tasks/nlvr2.js';
import { loadTask } from '../../src/tasks/registry.js';
import { task as vqa } from '../../src/tasks/vqa.js';
import { goldenPath } from '../support/golden.js';

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

const prediction = (answer: string) => ({ answer, probability: 0.5 });

describe('formatDump', () => {
  it.each([
    ['vqa', 'vqa_predict.json', 'answer', 'question_id'],
    ['gqa', 'gqa_predict.json', 'prediction', 'questionId'],
  ] as const)('writes what the reference wrote, byte for byte: %s', async (name, file, answerKey, idKey) => {
    const task = await loadTask(name);
    const expected = await readFile(goldenPath(`toy/${file}`), 'utf8');
    const rows = JSON.parse(expected) as Record<string, string | number>[];
    const questions = await collect(task.read(goldenPath(`toy/${name}.json`)));
    const byId = new Map(questions.map((question) => [question.questionId, question]));
    const ordered = rows.map((row) => byId.get(row[idKey]!)!);
    expect(
      formatDump(
        task.dump,
        ordered,
        rows.map((row) => prediction(String(row[answerKey]))),
      ),
    ).toBe(expected);
  });

  it('writes the lines of NLVR2 as the reference did', async () => {
    const expected = await readFile(goldenPath('toy/nlvr2_predict.csv'), 'utf8');
    const statements = await collect(nlvr2.read(goldenPath('toy/nlvr2.json')));
    const byId = new Map(statements.map((statement) => [statement.questionId, statement]));
    const rows = expected
      .trim()
      .split('\n')
      .map((line) => line.split(',') as [string, string]);
    const dump = formatDump(
      nlvr2.dump,
      rows.map(([id]) => byId.get(id)!),
      rows.map(([, answer]) => prediction(answer)),
    );
    expect(dump).toBe(expected);
  });

  it('is whole without a prediction', () => {
    expect(JSON.parse(formatDump(vqa.dump, [], []))).toEqual([]);
    expect(formatDump(nlvr2.dump, [], [])).toBe('');
  });

  it('keeps to ASCII', () => {
    const question = {
      imageIds: ['a'],
      questionId: 1,
      sentence: '',
      labels: undefined,
      questionType: '',
      answerType: '',
    };
    const dump = formatDump(vqa.dump, [question], [prediction('caf\u00e9 \ud83d\ude00')]);
    expect(dump).toContain('caf\\u00e9 \\ud83d\\ude00');
    expect(JSON.parse(dump)).toEqual([{ answer: 'caf\u00e9 \ud83d\ude00', question_id: 1 }]);
  });

  it('names the tasks there are', async () => {
    await expect(loadTask('vpa')).rejects.toThrow('vqa');
  });
});
