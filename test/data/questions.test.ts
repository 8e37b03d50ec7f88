import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readQuestions } from '../../src/data/annotations/vqaAnnotations.js';
import { scoreAnswers } from '../../src/data/answerScore.js';
import { AnswerTable } from '../../src/data/answerTable.js';
import { loadAnswerTable, saveAnswerTable } from '../../src/data/answerTableFiles.js';
import { EpochSampler, sequentialBatches } from '../../src/data/epochSampler.js';
import { QuestionSet } from '../../src/data/questionSet.js';
import { answerTargets } from '../../src/tasks/answering.js';
import { Golden, goldenPath } from '../support/golden.js';
import { publishedPath } from '../support/published.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'questions-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileWith(value: unknown, name = 'questions.json'): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, JSON.stringify(value));
  return file;
}

const row = { img_id: 'a', question_id: 1, sent: 'What?', label: { yes: 1, 2: 0.3 } };

describe('readQuestions', () => {
  it('reads labels, absent labels and empty labels', async () => {
    const { label: _, ...unlabelled } = row;
    const file = await fileWith([row, { ...unlabelled, question_id: '7' }, { ...row, label: {} }]);
    const [first, second, third] = await readQuestions(file);
    expect(first?.labels).toEqual(
      new Map([
        ['yes', 1],
        ['2', 0.3],
      ]),
    );
    expect(second?.labels).toBeUndefined();
    expect(second?.questionId).toBe('7');
    expect(third?.labels?.size).toBe(0);
  });

  it.each([
    [{ ...row, img_id: 3 }, 'img_id'],
    [{ ...row, question_id: 1.5 }, 'question_id'],
    [{ ...row, sent: undefined }, 'sent'],
    [{ ...row, label: { yes: 'much' } }, 'label.yes'],
    [{ ...row, label: ['yes'] }, 'label'],
    [5, 'question 1'],
  ])('names file, index and key of a bad entry', async (bad, expected) => {
    const file = await fileWith([row, bad]);
    await expect(readQuestions(file)).rejects.toThrow(expected);
    await expect(readQuestions(file)).rejects.toThrow('question 1');
    await expect(readQuestions(file)).rejects.toThrow(file);
  });

  it('reads real questions of VQA v2', async () => {
    const questions = await readQuestions(publishedPath('vqa/val2014_600img.lxmert.json'));
    expect(questions.length).toBe(3303);
    expect(questions.filter((question) => question.labels?.size === 0).length).toBe(62);
    const table = await loadAnswerTable(publishedPath('lxmert/vqa/trainval_label2ans.json'));
    expect(table.size).toBe(3129);
    expect(table.answer(0)).toBe('');
  });
});

describe('AnswerTable', () => {
  it('refuses a duplicate and tables that disagree', async () => {
    expect(() => new AnswerTable(['a', 'b', 'a'])).toThrow("'a' stands at 0 and again at 2");
    const file = await fileWith(['a', 'b'], 'x_label2ans.json');
    await fileWith({ a: 0, b: 0 }, 'x_ans2label.json');
    await expect(loadAnswerTable(file)).rejects.toThrow('not of the same head');
  });

  it('is saved as two files that load again', async () => {
    const table = new AnswerTable(['', '2', 'yes', '10']);
    await saveAnswerTable(table, folder, 'saved');
    expect((await loadAnswerTable(path.join(folder, 'saved_label2ans.json'))).answers).toEqual(table.answers);
  });
});

describe('QuestionSet', () => {
  const table = new AnswerTable(['no', 'yes', '2']);
  const question = (imageId: string, labels?: Record<string, number>) => ({
    imageIds: [imageId],
    questionId: 1,
    sentence: '?',
    labels: labels && new Map(Object.entries(labels)),
    questionType: '',
    answerType: '',
  });

  it('keeps only questions whose image is there and gives their targets', () => {
    const set = new QuestionSet({
      questions: [question('a', { yes: 1, 2: 0.3 }), question('b', { no: 1 }), question('a')],
      hasImage: (id) => id === 'a',
      answerTable: table,
      unknownAnswers: 'error',
      maxLeftOut: 0.5,
      name: 'train',
    });
    expect([set.size, set.numWithoutImage]).toEqual([2, 1]);
    expect([
      ...answerTargets(
        [1, 0].map((i) => set.question(i)),
        set.answerTable,
      ),
    ]).toEqual([0, 0, 0, 0, 1, Math.fround(0.3)]);
  });

  describe('asked for labels', () => {
    const options = { hasImage: () => true, answerTable: table, unknownAnswers: 'skip' as const, name: 'v' };
    const labelled = (...labels: (Record<string, number> | undefined)[]) =>
      new QuestionSet({
        ...options,
        questions: labels.map((each, i) => ({ ...question('a', each), questionId: i })),
        needsLabels: true,
      });

    it('stops where there is none, with the key that they may stand under', () => {
      const bare = { ...question('a'), unreadLabelKey: 'labels' };
      expect(() => new QuestionSet({ ...options, questions: [bare], needsLabels: true })).toThrow(
        /No example of 'v' has a label.*They have the key 'labels', which is not read.*predict/,
      );
      expect(() => labelled({}, {})).toThrow(/labels of all 2 examples of 'v' are empty/);
      expect(() => labelled({ cat: 1 }, { dog: 1 })).toThrow(
        /None of the answers of 'v' is in the answer table of 3 answers \('no' \.\.\.\); the first is 'cat'/,
      );
    });

    it('leaves a small share out and says so, and stops beyond it', () => {
      const many = (numUnlabelled: number) =>
        Array.from({ length: 200 }, (_, i) => (i < numUnlabelled ? undefined : { yes: 1 }));
      const set = labelled(...many(2));
      expect(set.size).toBe(198);
      expect(set.notices).toEqual([
        "2 of 200 examples (1.0 %) of 'v' left out: they have no label (the first with the id 0).",
      ]);
      expect(() => labelled(...many(3))).toThrow(
        /^3 of 200 examples \(1\.5 %\) of 'v' have no label, the first with the id 0\. .*--max-left-out all/,
      );
      expect(labelled({ yes: 1 }, {}).notices).toEqual([]);
    });
  });

  it('stops at a label outside the table, or skips it', () => {
    const options = {
      questions: [question('a', { maybe: 1 })],
      hasImage: () => true,
      answerTable: table,
      name: 't',
    };
    expect(() => new QuestionSet({ ...options, unknownAnswers: 'error' })).toThrow("'maybe'");
    const set = new QuestionSet({ ...options, unknownAnswers: 'skip' });
    expect([
      ...answerTargets(
        [0].map((i) => set.question(i)),
        set.answerTable,
      ),
    ]).toEqual([0, 0, 0]);
  });

  it('says when no image is there', () => {
    const options = {
      questions: [question('a')],
      answerTable: table,
      unknownAnswers: 'skip' as const,
      name: 't',
    };
    expect(() => new QuestionSet({ ...options, hasImage: () => false })).toThrow("'a'");
  });

  it('makes the targets of the golden case', async () => {
    const golden = new Golden();
    const questions = await readQuestions(goldenPath('toy/vqa.json'));
    const expected = golden.values('vqa/target');
    const sentences = [
      'How many dogs are there?',
      'What color is the wall?',
      'Is there a cat?',
      'What is the man on the left playing?',
    ];
    const set = new QuestionSet({
      questions: sentences.map((sentence) => questions.find((each) => each.sentence === sentence)!),
      hasImage: () => true,
      answerTable: new AnswerTable(golden.index.vqa.label2ans),
      unknownAnswers: 'error',
      name: 'toy',
    });
    expect([
      ...answerTargets(
        [0, 1, 2, 3].map((i) => set.question(i)),
        set.answerTable,
      ),
    ]).toEqual([...expected]);
  });
});

describe('EpochSampler', () => {
  it('shows each example once an epoch, in an order of seed and epoch alone', () => {
    const sampler = new EpochSampler(100, 7, 9595);
    const seen = sampler.epoch(0).flatMap((batch) => [...batch]);
    expect(sampler.numBatches).toBe(14);
    expect(new Set(seen).size).toBe(98);
    expect(new EpochSampler(100, 7, 9595).epoch(0)).toEqual(sampler.epoch(0));
    expect(sampler.epoch(1)).not.toEqual(sampler.epoch(0));
    expect(new EpochSampler(100, 7, 1).epoch(0)).not.toEqual(sampler.epoch(0));
  });

  it('evaluates in file order', () => {
    expect(sequentialBatches(5, 2)).toEqual([[0, 1], [2, 3], [4]]);
  });
});

describe('scoreAnswers', () => {
  it('gives the golden score of the golden predictions', async () => {
    const questions = await readQuestions(goldenPath('toy/vqa.json'));
    const predictions = await readPredictions();
    const answers = questions.map((question) => predictions.get(question.questionId) ?? '');
    expect(scoreAnswers(questions, answers).overall).toBeCloseTo(new Golden().index.vqa.valid_score, 12);
  });

  it('does not count unlabelled questions and keeps types apart', () => {
    const base = { imageIds: ['a'], questionId: 1, sentence: '?', answerType: 'other' };
    const scores = scoreAnswers(
      [
        { ...base, labels: new Map([['red', 0.6]]), questionType: 'colour' },
        { ...base, labels: undefined, questionType: 'colour' },
        { ...base, labels: new Map([['2', 1]]), questionType: 'count' },
      ],
      ['red', 'x', '3'],
    );
    expect(scores.numQuestions).toBe(2);
    expect(scores.overall).toBeCloseTo(0.3);
    expect(scores.byQuestionType.get('colour')?.score).toBeCloseTo(0.6);
    expect(scores.byQuestionType.get('count')?.score).toBe(0);
  });
});

async function readPredictions(): Promise<Map<number | string, string>> {
  const { readFile } = await import('node:fs/promises');
  const rows = JSON.parse(await readFile(goldenPath('toy/vqa_predict.json'), 'utf8')) as {
    answer: string;
    question_id: number;
  }[];
  return new Map(rows.map((each) => [each.question_id, each.answer]));
}
