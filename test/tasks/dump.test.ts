import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { readQuestions } from '../../src/data/annotations/vqaAnnotations.js';
import { formatDump } from '../../src/tasks/answeringTask.js';
import { answeringTask } from '../../src/tasks/registry.js';
import { vqa } from '../../src/tasks/vqa.js';
import { hasShared, sharedPath } from '../support/shared.js';

describe('formatDump', () => {
  it.skipIf(!hasShared)('writes what the reference wrote, byte for byte', async () => {
    const expected = await readFile(sharedPath('golden/toy/vqa_predict.json'), 'utf8');
    const rows = JSON.parse(expected) as { answer: string; question_id: number }[];
    const questions = await readQuestions(sharedPath('golden/toy/vqa.json'));
    const byId = new Map(questions.map((question) => [question.questionId, question]));
    const ordered = rows.map((row) => byId.get(row.question_id)!);
    expect(
      formatDump(
        vqa,
        ordered,
        rows.map((row) => row.answer),
      ),
    ).toBe(expected);
  });

  it('keeps to ASCII', () => {
    const question = {
      imageId: 'a',
      questionId: 1,
      sentence: '',
      labels: undefined,
      questionType: '',
      answerType: '',
    };
    const dump = formatDump(vqa, [question], ['caf\u00e9 \ud83d\ude00']);
    expect(dump).toContain('caf\\u00e9 \\ud83d\\ude00');
    expect(JSON.parse(dump)).toEqual([{ answer: 'caf\u00e9 \ud83d\ude00', question_id: 1 }]);
  });

  it('names the tasks there are', () => {
    expect(() => answeringTask('vpa')).toThrow('vqa');
  });
});
