import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { LxmertError, UsageError } from '../../../src/common/errors.js';
import { readQuestions } from '../../../src/data/annotations/vqaAnnotations.js';
import { AnswerTable } from '../../../src/data/answerTable.js';
import { loadAnswerTable } from '../../../src/data/answerTableFiles.js';
import { prepareVqa, vqaLabel } from '../../../src/data/prepare/prepareVqa.js';
import { readQuestionIds } from '../../../src/data/prepare/questionIds.js';
import { softScore } from '../../../src/data/softLabel.js';
import { publishedPath } from '../../support/published.js';
import { makeZip, namesIn, readJson, temporaryFolder, writeFiles } from './support.js';

const folder = temporaryFolder();
let numFolders = 0;
const newFolder = (): string => path.join(folder, `made${numFolders++}`);

interface Asked {
  readonly id: number;
  readonly image: number;
  readonly text: string;
  /** Each answer with how many of the ten gave it; the first is the multiple-choice answer. */
  readonly answers: readonly (readonly [string, number])[];
}

const train: Asked[] = [
  {
    id: 9001,
    image: 9,
    text: 'Is it caf\u00e9?',
    answers: [
      ['yes', 7],
      ['no', 3],
    ],
  },
  {
    id: 4000,
    image: 4,
    text: 'How many?',
    answers: [
      ['2', 6],
      ['two', 2],
      ['3', 1],
      ['4', 1],
    ],
  },
  {
    id: 4001,
    image: 4,
    text: 'Which dog?',
    answers: [
      ['The dog', 5],
      ['dog', 2],
      ['left-most', 3],
    ],
  },
];
const val: Asked[] = [
  { id: 73000, image: 73, text: 'Is it?', answers: [['yes', 10]] },
  {
    id: 73001,
    image: 73,
    text: 'What color?',
    answers: [
      ['teal', 9],
      ['dog', 1],
    ],
  },
  {
    id: 80000,
    image: 80,
    text: 'Is it not?',
    answers: [
      ['no', 4],
      ['yes', 4],
      ['2', 2],
    ],
  },
];

const questions = (asked: readonly Asked[]): unknown => ({
  info: { description: 'made by hand' },
  task_type: 'Open-Ended',
  questions: asked.map(({ id, image, text }) => ({ image_id: image, question: text, question_id: id })),
  license: { name: 'none' },
});
const annotations = (asked: readonly Asked[]): unknown => ({
  annotations: asked.map(({ id, image, answers }) => ({
    question_type: 'what',
    multiple_choice_answer: answers[0]![0],
    answers: answers
      .flatMap(([answer, count]) => new Array<string>(count).fill(answer))
      .map((answer, i) => ({ answer, answer_confidence: 'yes', answer_id: i + 1 })),
    image_id: image,
    answer_type: 'other',
    question_id: id,
  })),
});
const Q = 'v2_OpenEnded_mscoco_';
const raw = {
  [`${Q}train2014_questions.json`]: questions(train),
  'v2_mscoco_train2014_annotations.json': annotations(train),
  [`${Q}val2014_questions.json`]: questions(val),
  'v2_mscoco_val2014_annotations.json': annotations([...val].reverse()),
  [`${Q}test2015_questions.json`]: questions([{ id: 1, image: 123456, text: 'Why?', answers: [] }]),
  [`${Q}test-dev2015_questions.json`]: questions([]),
};

describe('prepareVqa', () => {
  it('makes every file, with the bytes of the reference', async () => {
    const source = writeFiles(newFolder(), raw);
    const outputFolder = newFolder();
    const prepared = await prepareVqa({
      sources: [source],
      outputFolder,
      minivalIds: new Set([73001, 73000]),
      minOccurrences: 1,
    });
    // Normalised multiple-choice answers, in the order of a Python 2.7 dict.
    expect([...(readJson(outputFolder, 'trainval_label2ans.json') as string[])].sort()).toEqual([
      '2',
      'dog',
      'no',
      'teal',
      'yes',
    ]);
    expect(readFileSync(path.join(outputFolder, 'train.json'), 'utf8')).toBe(
      `[
    {
        "answer_type": "other",
        "img_id": "COCO_train2014_000000000009",
        "label": {
            "no": 0.9,
            "yes": 1
        },
        "question_id": 9001,
        "question_type": "what",
        "sent": "Is it caf\\u00e9?"
    },
    {
        "answer_type": "other",
        "img_id": "COCO_train2014_000000000004",
        "label": {
            "2": 1
        },
        "question_id": 4000,
        "question_type": "what",
        "sent": "How many?"
    },
    {
        "answer_type": "other",
        "img_id": "COCO_train2014_000000000004",
        "label": {
            "dog": 0.6
        },
        "question_id": 4001,
        "question_type": "what",
        "sent": "Which dog?"
    }
]`,
    );
    expect(readJson(outputFolder, 'test.json')).toEqual([
      { img_id: 'COCO_test2015_000000123456', question_id: 1, sent: 'Why?' },
    ]);
    const ids = (name: string): unknown[] =>
      (readJson(outputFolder, name) as { question_id: number }[]).map((row) => row.question_id);
    expect(ids('minival.json')).toEqual([73000, 73001]);
    expect(ids('nominival.json')).toEqual([80000]);
    expect(prepared.splits).toEqual([
      {
        file: 'train.json',
        numQuestions: 3,
        numAnswered: 3,
        numWithLabel: 3,
        numAnswersOutsideTable: 5,
        numEmpty: 0,
      },
      {
        file: 'minival.json',
        numQuestions: 2,
        numAnswered: 2,
        numWithLabel: 2,
        numAnswersOutsideTable: 0,
        numEmpty: 0,
      },
      {
        file: 'nominival.json',
        numQuestions: 1,
        numAnswered: 1,
        numWithLabel: 1,
        numAnswersOutsideTable: 0,
        numEmpty: 0,
      },
      {
        file: 'test.json',
        numQuestions: 1,
        numAnswered: 0,
        numWithLabel: 0,
        numAnswersOutsideTable: 0,
        numEmpty: 0,
      },
    ]);

    // This project's readers take them.
    const table = await loadAnswerTable(path.join(outputFolder, 'trainval_label2ans.json'));
    expect(table.size).toBe(prepared.numAnswers);
    const [first] = await readQuestions(path.join(outputFolder, 'nominival.json'));
    expect(first?.labels).toEqual(
      new Map([
        ['2', 0.6],
        ['no', 1],
        ['yes', 1],
      ]),
    );
  });

  it('reads archives, keeps a given table and writes val.json without a list of ids', async () => {
    const zipped = (name: string, content: unknown): Buffer =>
      makeZip([{ name, content: JSON.stringify(content) }]);
    const source = writeFiles(newFolder(), {
      'v2_Questions_Val_mscoco.zip': zipped(`${Q}val2014_questions.json`, questions(val)),
      'v2_Annotations_Val_mscoco.zip': zipped('v2_mscoco_val2014_annotations.json', annotations(val)),
    });
    const outputFolder = newFolder();
    const prepared = await prepareVqa({
      sources: namesIn(source).map((name) => path.join(source, name)),
      outputFolder,
      answerTable: new AnswerTable(['', 'no', 'dog']),
    });
    expect(readJson(outputFolder, 'trainval_label2ans.json')).toEqual(['', 'no', 'dog']);
    expect(prepared).toMatchObject({ numAnswers: 3, tableFrom: 'given' });
    expect((readJson(outputFolder, 'val.json') as { label: object }[]).map((row) => row.label)).toEqual([
      {},
      { dog: 0.3 },
      { no: 1 },
    ]);
    expect(prepared.splits[0]).toMatchObject({ numQuestions: 3, numAnswered: 3, numWithLabel: 2 });
  });

  it('takes answers of nine questions or more into the table', async () => {
    const many = Array.from(
      { length: 17 },
      (_, i): Asked => ({
        id: i,
        image: i,
        text: '?',
        answers: [[i < 9 ? (i % 2 === 0 ? 'a cat' : 'cat') : 'dog', 10]],
      }),
    );
    const source = writeFiles(newFolder(), {
      'train2014_questions.json': questions(many),
      'train2014_annotations.json': annotations(many),
    });
    const outputFolder = newFolder();
    await prepareVqa({ sources: [source], outputFolder });
    expect(readJson(outputFolder, 'trainval_label2ans.json')).toEqual(['cat']);
  });

  it('does not overwrite unasked, and leaves nothing of a failed run', async () => {
    const source = writeFiles(newFolder(), raw);
    const outputFolder = writeFiles(newFolder(), { 'test.json': 'mine' });
    const options = { sources: [source], outputFolder, minOccurrences: 1 };
    await expect(prepareVqa(options)).rejects.toThrow('test.json is already there. Give --overwrite');
    expect(namesIn(outputFolder)).toEqual(['test.json']);
    writeFiles(source, {
      'v2_mscoco_val2014_annotations.json': JSON.stringify(annotations(val)).slice(0, -30),
    });
    await expect(prepareVqa({ ...options, overwrite: true })).rejects.toThrow('ends too early');
    expect(readFileSync(path.join(outputFolder, 'test.json'), 'utf8')).toBe('mine');
    expect(namesIn(outputFolder)).toEqual(['test.json']);
    writeFiles(source, raw);
    await prepareVqa({ ...options, overwrite: true });
    expect(namesIn(outputFolder)).toHaveLength(5);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['no files', {}, 'No VQA questions were found'],
    ['no annotations', { 'train2014_questions.json': questions(train) }, 'but not its annotations'],
    ['no questions', { 'val2014_annotations.json': annotations(val) }, 'but not its questions'],
    [
      'only test',
      { 'test2015_questions.json': questions(val) },
      'no annotations to make an answer table from',
    ],
    [
      'a question too many',
      {
        'train2014_questions.json': questions(train),
        'train2014_annotations.json': annotations(train.slice(1)),
      },
      'has the question 9001, but',
    ],
    [
      'an annotation too many',
      {
        'train2014_questions.json': questions(train.slice(0, 2)),
        'train2014_annotations.json': annotations(train),
      },
      'has the question 4001, but',
    ],
    [
      'a wrong type',
      {
        'train2014_questions.json': { questions: [{ question_id: true, image_id: 1, question: '' }] },
        'train2014_annotations.json': annotations(train),
      },
      "question 0 (counted from 0), key 'question_id'",
    ],
  ])('%s', async (_, files, message) => {
    const outputFolder = newFolder();
    const source = writeFiles(newFolder(), { 'readme.txt': 'x', ...files });
    const preparing = prepareVqa({ sources: [source], outputFolder, minOccurrences: 1 });
    await expect(preparing).rejects.toThrow(message);
    await expect(preparing).rejects.toThrow(LxmertError);
    expect(namesIn(outputFolder)).toEqual([]);
  });

  it('says when ids of minival are not among the questions', async () => {
    const source = writeFiles(newFolder(), raw);
    const preparing = prepareVqa({
      sources: [source],
      outputFolder: newFolder(),
      minivalIds: new Set([73000, 5]),
      minOccurrences: 1,
    });
    await expect(preparing).rejects.toThrow('2 ids of minival are given, but only 1 of them are questions');
  });
});

/** A question with its annotation in VQA's form, as pieces of files. */
function pair(id: number | string, answers: readonly string[], more: object = {}) {
  const { coco_split: split, ...ofAnnotation } = more as { coco_split?: string };
  return {
    question: { question_id: id, image_id: 9, question: 'What?', ...(split && { coco_split: split }) },
    annotation: {
      question_id: id,
      image_id: 9,
      question_type: 'one',
      answer_type: 'other',
      multiple_choice_answer: answers[0],
      answers: answers.map((answer, i) => ({ answer, raw_answer: `${answer}s`, answer_id: i + 1 })),
      ...ofAnnotation,
    },
  };
}
const times = (count: number, answer: string): string[] => new Array<string>(count).fill(answer);

interface Row {
  readonly img_id: string;
  readonly question_id: number | string;
  readonly label?: Record<string, number>;
}

async function prepared(files: Record<string, unknown>, more: object = {}) {
  const source = writeFiles(newFolder(), files);
  const outputFolder = newFolder();
  const result = await prepareVqa({ sources: [source], outputFolder, minOccurrences: 1, ...more });
  const rows = (name: string): Row[] => readJson(outputFolder, name) as Row[];
  return { result, rows, table: () => readJson(outputFolder, 'trainval_label2ans.json') as string[] };
}

describe('data sets in the form of VQA', () => {
  it.each([
    [1, ['yes'], { yes: 1 }],
    [2, ['yes', 'no'], { yes: 0.5, no: 0.5 }],
    [3, ['yes', 'yes', 'no'], { yes: 2 / 3, no: 1 / 3 }],
    [5, ['yes', 'yes', 'yes', 'no', '2'], { yes: 0.8, no: 4 / 15, 2: 4 / 15 }],
    [5, times(5, 'yes'), { yes: 1 }],
    [10, [...times(7, 'yes'), 'no', 'no', '2'], { yes: 1, no: 0.6, 2: 0.3 }],
  ])('with %i answers to a question: %j', async (numAnswers, answers, label) => {
    const { question, annotation } = pair(1, answers);
    const answerTable = new AnswerTable(['yes', 'no', '2']);
    const { result, rows } = await prepared(
      { 'val2014_questions.json': [question], 'val2014_annotations.json': [annotation] },
      { answerTable },
    );
    const [row] = rows('val.json');
    expect(Object.keys(row?.label ?? {}).sort()).toEqual(Object.keys(label).sort());
    for (const [answer, score] of Object.entries(label)) {
      expect(row?.label?.[answer]).toBeCloseTo(score, 12);
    }
    expect(result.answersPerQuestion).toMatchObject([{ numAnswers, numQuestions: 1 }]);
  });

  it('with numbers of answers that differ: each question by its own, which is counted', async () => {
    const pairs = [pair(1, ['yes']), pair(2, times(5, 'yes')), pair(3, ['no']), pair(4, [])];
    const { result, rows } = await prepared({
      'val2014_questions.json': { questions: pairs.map((each) => each.question) },
      'val2014_annotations.json': { annotations: pairs.map((each) => each.annotation) },
    });
    expect(rows('val.json').map(({ label }) => label)).toEqual([{ yes: 1 }, { yes: 1 }, { no: 1 }, {}]);
    expect(result.answersPerQuestion).toEqual([
      { numAnswers: 0, numQuestions: 1, rule: expect.any(String) as string },
      { numAnswers: 1, numQuestions: 2, rule: 'the one answer scores 1' },
      { numAnswers: 5, numQuestions: 1, rule: expect.stringContaining('0.27, 0.53, 0.8') as string },
    ]);
  });

  it('OK-VQA: without the stated answer the table has the most given one, of equals the first', async () => {
    const pairs = [
      pair(1, [...times(3, 'racing'), ...times(4, 'race'), ...times(3, 'motor')]),
      pair(2, [...times(5, 'vine'), ...times(5, 'ivy')]),
    ].map(({ question, annotation: { multiple_choice_answer: _, ...annotation } }) => ({
      question,
      annotation,
    }));
    const files = {
      'OpenEnded_mscoco_train2014_questions.json': { questions: pairs.map((each) => each.question) },
      'mscoco_train2014_annotations.json': { annotations: pairs.map((each) => each.annotation) },
    };
    expect((await prepared(files)).table().sort()).toEqual(['race', 'vine']);
    const { rows } = await prepared(files, { answerTable: new AnswerTable(['race', 'ivy']) });
    expect(rows('train.json').map(({ label }) => label)).toEqual([{ race: 1 }, { ivy: 1 }]);
  });

  it('VQA-CP: lists, under their own names, with images of both halves of COCO', async () => {
    const train = [
      pair(1, times(10, 'yes'), { coco_split: 'train2014' }),
      pair(2, times(10, 'no'), { coco_split: 'val2014' }),
    ];
    const test = [pair(3, times(10, 'yes'), { coco_split: 'val2014' })];
    const { rows, table } = await prepared({
      'vqacp_v2_train_questions.json': train.map((each) => each.question),
      'vqacp_v2_train_annotations.json': train.map((each) => each.annotation),
      'vqacp_v2_test_questions.json': test.map((each) => each.question),
      'vqacp_v2_test_annotations.json': test.map((each) => each.annotation),
    });
    expect(rows('train.json').map(({ img_id }) => img_id)).toEqual([
      'COCO_train2014_000000000009',
      'COCO_val2014_000000000009',
    ]);
    expect(rows('test.json')).toMatchObject([{ img_id: 'COCO_val2014_000000000009', label: { yes: 1 } }]);
    expect(table().sort()).toEqual(['no', 'yes']);
  });

  it('VQA-CP wrapped under names of VQA: what a question states wins over the name', async () => {
    const train = [
      pair(1, times(10, 'yes'), { coco_split: 'val2014' }),
      pair(2, times(10, 'no'), { coco_split: 'train2014' }),
    ];
    const { rows } = await prepared({
      'v2_OpenEnded_mscoco_train2014_questions.json': { questions: train.map((each) => each.question) },
      'v2_mscoco_train2014_annotations.json': { annotations: train.map((each) => each.annotation) },
    });
    expect(rows('train.json').map(({ img_id }) => img_id)).toEqual([
      'COCO_val2014_000000000009',
      'COCO_train2014_000000000009',
    ]);
  });

  it.each([
    ['no half stated', { 'vqacp_v2_train_questions.json': [pair(1, ['a']).question] }, "has no 'coco_split'"],
    [
      'a half that is none',
      { 'vqacp_v2_train_questions.json': [{ ...pair(1, ['a']).question, coco_split: 'trainval' }] },
      "key 'coco_split'",
    ],
  ])('VQA-CP: %s', async (_, files, message) => {
    const annotated = { ...files, 'vqacp_v2_train_annotations.json': [pair(1, ['a']).annotation] };
    await expect(prepared(annotated)).rejects.toThrow(message);
  });

  it('VQA v1: of the two files with the same questions the open-ended one, which is said', async () => {
    const { question, annotation } = pair(1, times(10, 'yes'));
    const { result, rows } = await prepared({
      'MultipleChoice_mscoco_val2014_questions.json': {
        questions: [{ ...question, multiple_choices: ['yes', 'no'] }],
      },
      'OpenEnded_mscoco_val2014_questions.json': { questions: [question] },
      'mscoco_val2014_annotations.json': { annotations: [annotation] },
    });
    expect(rows('val.json')).toHaveLength(1);
    expect(result.notes).toEqual([expect.stringContaining('the open-ended file is read')]);
  });

  it('joins ids in quotes with numbers, and leaves numbers in the rows', async () => {
    const { rows } = await prepared({
      'val2014_questions.json': [{ ...pair('1000', []).question, image_id: '9' }, pair('q1', []).question],
      'val2014_annotations.json': [pair('q1', ['yes']).annotation, pair(1000, ['yes']).annotation],
    });
    expect(rows('val.json')).toMatchObject([
      { question_id: 1000, img_id: 'COCO_val2014_000000000009', label: { yes: 1 } },
      { question_id: 'q1' },
    ]);
  });

  it.each([
    ['a question', 2, 1, /questions\.json has the question 1 twice/],
    ['an annotation', 1, 2, /annotations\.json has the question 1 twice/],
  ])('refuses %s that stands twice', async (_, numQuestions, numAnnotations, message) => {
    const { question, annotation } = pair(1, ['yes']);
    const files = {
      'val2014_questions.json': new Array(numQuestions).fill(question),
      'val2014_annotations.json': new Array(numAnnotations).fill(annotation),
    };
    await expect(prepared(files)).rejects.toThrow(message);
  });

  it('counts questions without a word', async () => {
    const pairs = [pair(1, ['yes']), pair(2, ['yes'])];
    const { result } = await prepared({
      'val2014_questions.json': pairs.map(({ question }, i) => ({
        ...question,
        question: i === 0 ? ' ' : 'What?',
      })),
      'val2014_annotations.json': pairs.map((each) => each.annotation),
    });
    expect(result.splits).toMatchObject([{ numQuestions: 2, numEmpty: 1 }]);
  });

  it('names what a foreign file is, with the way on', async () => {
    const source = writeFiles(newFolder(), {
      'train.json': [{ image: 'VizWiz_train_00000000.jpg', question: 'What?', answers: [{ answer: 'a' }] }],
    });
    const prepare = (name: string) =>
      prepareVqa({ sources: [path.join(source, name)], outputFolder: newFolder() });
    await expect(prepare('train.json')).rejects.toThrow(
      /No VQA questions were found.*of VizWiz.*lxmert evaluate vizwiz/,
    );
    // The same where it is found in a folder.
    await expect(prepare('.')).rejects.toThrow(/of VizWiz.*lxmert evaluate vizwiz/);
    const table = writeFiles(newFolder(), { 'data.parquet': `PAR1${'\0'.repeat(40)}PAR1` });
    await expect(prepareVqa({ sources: [table], outputFolder: newFolder() })).rejects.toThrow(
      /data\.parquet is a Parquet table/,
    );
  });
});

describe('soft scores', () => {
  it.each([
    [{ yes: 10 }, { yes: 1 }],
    [
      { yes: 6, no: 4 },
      { yes: 1, no: 1 },
    ],
    [
      { yes: 9, no: 1 },
      { yes: 1, no: 0.3 },
    ],
    [
      { mountains: 5, rocks: 2, rock: 3 },
      { mountains: 1, rocks: 0.6, rock: 0.9 },
    ],
    [{ red: 9, 'a colour that no table has': 1 }, { red: 1 }],
  ])('give, of the answers %j, the labels %j with the published table', async (counts, expected) => {
    const table = await loadAnswerTable(publishedPath('lxmert', 'vqa', 'trainval_label2ans.json'));
    const answers = Object.entries(counts).flatMap(([answer, count]) => Array<string>(count).fill(answer));
    expect(answers).toHaveLength(10);
    expect(vqaLabel(answers, table).label).toEqual(new Map(Object.entries(expected)));
  });

  it('are all that 3,303 published questions hold, with no more than ten annotators', async () => {
    const table = await loadAnswerTable(publishedPath('lxmert', 'vqa', 'trainval_label2ans.json'));
    const annotators = new Map([1, 2, 3, 4].map((count) => [softScore(count, 10), count]));
    for (const { labels } of await readQuestions(publishedPath('vqa', 'val2014_600img.lxmert.json'))) {
      let numAnnotators = 0;
      for (const [answer, score] of labels ?? []) {
        expect(table.indexOf(answer)).toBeDefined();
        numAnnotators += annotators.get(score) ?? Number.NaN;
      }
      expect(numAnnotators).toBeLessThanOrEqual(10);
    }
  });
});

describe('readQuestionIds', () => {
  it.each([
    ['1\n2x\n', "line 2: expected a question id, found '2x'"],
    ['1\n\n1\n', 'line 3: the id 1 stands there twice'],
    ['\n', 'holds no question ids'],
  ])('%j', async (text, message) => {
    const file = path.join(writeFiles(newFolder(), { 'ids.txt': text }), 'ids.txt');
    await expect(readQuestionIds(file)).rejects.toThrow(message);
  });

  it('reads the ids of the published minival', async () => {
    expect((await readQuestionIds(publishedPath('vqa', 'minival_question_ids.txt'))).size).toBe(25_994);
    await expect(readQuestionIds(path.join(folder, 'missing.txt'))).rejects.toThrow(UsageError);
  });
});
