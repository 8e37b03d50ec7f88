import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { scoreGqaFiles, scoreVqaFiles } from '../../../src/tasks/metrics/scoreFiles.js';
import { makeZip } from '../../formats/zipFile.js';
import { strict, temporaryFiles } from './support.js';

const write = temporaryFiles();

const annotation = (id: number | string, answer: string, numAnswers = 10) => ({
  question_id: id,
  question_type: 'what',
  answer_type: 'other',
  answers: Array.from({ length: numAnswers }, (_, i) => ({ answer, answer_id: i + 1 })),
});
const list = [annotation(1, 'red'), annotation(2, 'yes'), annotation(3, '2')];
const annotations = write('annotations.json', { info: {}, annotations: list });
const right = [
  { question_id: 1, answer: 'red' },
  { question_id: 2, answer: 'yes' },
  { question_id: 3, answer: 'two' },
];
const lines = (rows: readonly unknown[]): string => rows.map((row) => JSON.stringify(row)).join('\n');

describe('VQA predictions', () => {
  const score = (predictions: string, missing: 'error' | 'wrong' = 'error') =>
    scoreVqaFiles({ predictions, annotations, missing, extra: 'error' });

  it.each<[string, string, unknown, string | undefined]>([
    ['the documented form', 'a.json', right, undefined],
    ['a byte-order mark before it', 'a.json', `\ufeff${JSON.stringify(right)}`, undefined],
    ['JSON lines', 'a.jsonl', `${lines(right)}\n`, 'JSON lines'],
    ['a list under a key', 'a.json', { predictions: right }, "under the key 'predictions'"],
    [
      'a list behind another key',
      'a.json',
      { model: 'x', annotations: right },
      "under the key 'annotations'",
    ],
    ['answers by id', 'a.json', { 1: 'red', 2: 'yes', 3: 'two' }, 'by question id'],
    [
      'answers by id under a key',
      'a.json',
      { model: 'x', predictions: { 1: 'red', 2: 'yes', 3: 'two' } },
      'by question id under',
    ],
    ['records by id', 'a.json', { 1: right[0], 2: right[1], 3: right[2] }, 'by question id'],
    [
      'ids as text',
      'a.json',
      right.map((row) => ({ ...row, question_id: String(row.question_id) })),
      'they are compared as text',
    ],
    [
      'ids that pandas made floats of',
      'a.json',
      right.map((row) => ({ ...row, question_id: `${row.question_id}.0` })),
      'taken as whole numbers',
    ],
    [
      "another test server's keys",
      'a.json',
      right.map(({ question_id, answer }) => ({ questionId: question_id, prediction: answer })),
      "taken are id 'questionId', answer 'prediction'",
    ],
    [
      'answers of LLaVA',
      'a.jsonl',
      lines(
        right.map(({ question_id, answer }) => ({ question_id, prompt: 'x?', text: answer, answer_id: 'q' })),
      ),
      "answer 'text'",
    ],
    [
      'columns of a data frame',
      'a.json',
      { question_id: { 0: 1, 1: 2, 2: 3 }, answer: { 0: 'red', 1: 'yes', 2: 'two' } },
      'object of columns',
    ],
    ['columns as lists', 'a.json', { question_id: [1, 2, 3], answer: ['red', 'yes', 'two'] }, 'of columns'],
    [
      'a true answer beside',
      'a.json',
      right.map((row) => ({ ...row, prediction: 'x' })),
      "there is 'prediction'",
    ],
  ])('are read from %s, and what is not documented is noted', async (_, name, content, note) => {
    const scores = await score(write(name, content));
    // 'two' for '2', where all say the same, is wrong by the official rule.
    expect(scores.accuracy).toBeCloseTo(2 / 3, 12);
    const notes = scores.notes.filter((each) => !each.startsWith('1 answer differs'));
    expect(notes.join(' ')).toEqual(note === undefined ? '' : expect.stringContaining(note));
    expect(scores.notes.at(-1)).toContain('1 answer differs from the right one');
  });

  it('are numbers where the answer is one', async () => {
    const scores = await score(write('n.json', [right[0], right[1], { question_id: 3, answer: 2 }]));
    expect(scores.accuracy).toBe(1);
    expect(scores.notes).toEqual(['Answers that are numbers are taken as their text.']);
  });

  it('are none where the answer is null: counted and named, and subject to --missing', async () => {
    const file = write('null.json', [right[0], { question_id: 2, answer: null }, right[2]]);
    await expect(score(file)).rejects.toThrow(
      /no prediction for 1 question of .*: 2\. 1 prediction .* is null .*--missing wrong/,
    );
    const scores = await score(file, 'wrong');
    expect(scores).toMatchObject({ numMissing: 1, accuracy: 1 / 3 });
    expect(scores.notes[0]).toMatch(
      /^1 prediction of .* is null and taken as none: element 1, question '2'\.$/,
    );
  });

  it.each<[string, unknown, RegExp]>([
    [
      'text',
      'question_id,answer\n1,red\n',
      /expected a JSON array .* found text that begins .*pandas\.read_csv/,
    ],
    ['NaN', '[{"question_id": 1, "answer": NaN}]', /element 0.*Python writes NaN where a value is missing/],
    ['true', [{ question_id: 1, answer: true }], /element 0, key 'answer': expected text, found true/],
    [
      'a list of answers',
      [{ question_id: 1, answer: ['red'] }],
      /expected text, found a list of 1 whose first/,
    ],
    [
      'bare answers',
      ['red', 'yes'],
      /holds an answer table .*; expected a JSON array of \{question_id, answer\}/,
    ],
    ['pairs', [[1, 'red']], /element 0: expected an object with question_id and answer, found a list of 2/],
    ['the annotations themselves', { annotations: list }, /holds annotations .*; expected a JSON array/],
    [
      'questions with their answers',
      [{ question_id: 1, sentence: 'x', answer: 'red' }],
      /expected predictions, found records with 'sentence', which are questions with their true answers/,
    ],
    [
      'no id',
      [{ answer: 'red' }],
      /element 0, key 'question_id': expected a whole number or text, found nothing/,
    ],
    [
      'a share',
      [{ question_id: 1.5, answer: 'a' }],
      /key 'question_id': expected a whole number or text, found 1.5/,
    ],
    [
      'an id beyond what JSON keeps',
      '[{"question_id": 12345678901234567890, "answer": "a"}]',
      /more digits than a number of JSON keeps; write ids as text/,
    ],
    [
      'an id twice, as number and as text',
      [right[0], { question_id: '1', answer: 'x' }],
      /'1' was answered before/,
    ],
    ['an unknown object', { version: 2, model: 'x' }, /found an object with the keys 'version', 'model'/],
    [
      'columns of two lengths',
      { question_id: [1, 2], answer: ['a'] },
      /'question_id' has 2 .* 'answer' has 1/,
    ],
  ])('are refused in words: %s', async (_, content, message) => {
    const run = score(write('refused.json', content));
    await expect(run).rejects.toThrow(message);
    await expect(run).rejects.not.toThrow(/Invalid input|received/);
  });

  it('that are no text are named for what they are', async () => {
    const pickle = write('p.json', '(dp0 and so on');
    await expect(score(pickle)).rejects.toThrow(/is a Python pickle; expected a JSON array.*json\.dump/);
    const cutTable = write('cut.json', 'PAR1 and so on');
    await expect(score(cutTable)).rejects.toThrow(/begins as a Parquet table.*its end is missing/);
  });
});

describe('VQA annotations', () => {
  const predictions = write('right.json', right);
  const score = (file: string) => scoreVqaFiles({ predictions, annotations: file, ...strict });

  it.each<[string, string, unknown]>([
    ['a list without an object around it', 'l.json', list],
    ['JSON lines', 'l.jsonl', lines(list)],
    ['ids as text', 'l.json', list.map((each) => ({ ...each, question_id: String(each.question_id) }))],
    [
      'answers as text alone',
      'l.json',
      list.map((each) => ({ ...each, answers: each.answers.map((a) => a.answer) })),
    ],
    [
      'no types',
      'l.json',
      { annotations: list.map(({ question_type: _, answer_type: __, ...each }) => each) },
    ],
  ])('are read from %s', async (_, name, content) => {
    expect((await score(write(name, content))).accuracy).toBeCloseTo(2 / 3, 12);
  });

  it('are read from archives as they were downloaded', async () => {
    const text = Buffer.from(JSON.stringify({ annotations: list }));
    const zip = write('v2_Annotations_Val_mscoco.zip', '');
    writeFileSync(zip, makeZip([{ name: 'v2_mscoco_val2014_annotations.json', data: text }]));
    const gzip = write('annotations.json.gz', '');
    writeFileSync(gzip, gzipSync(text));
    for (const file of [zip, gzip]) expect((await score(file)).accuracy).toBeCloseTo(2 / 3, 12);
    writeFileSync(
      zip,
      makeZip([
        { name: 'a.json', data: text },
        { name: 'b.json', data: text },
      ]),
    );
    await expect(score(zip)).rejects.toThrow(/holds 2 JSON files \(a\.json, b\.json\).*Unpack it/);
  });

  it('of the only annotator show a model right in 95 % as right in 95 %, and the rule is said', async () => {
    const ids = Array.from({ length: 100 }, (_, i) => i + 1);
    const own = write('own.json', { annotations: ids.map((id) => annotation(id, `answer ${id % 7}`, 1)) });
    const guesses = write(
      'guesses.json',
      ids.map((id) => ({ question_id: id, answer: id <= 95 ? `answer ${id % 7}` : 'x' })),
    );
    const scores = await scoreVqaFiles({ predictions: guesses, annotations: own, ...strict });
    expect(scores).toMatchObject({ accuracy: 0.95, percent: 95 });
    expect(scores.annotators).toEqual([
      { numAnswers: 1, numQuestions: 100, rule: 'the one answer scores 1' },
    ]);
  });

  it('count each question by its own number of answers', async () => {
    const mixed = write('mixed.json', [
      annotation(1, 'red', 5),
      annotation(2, 'yes', 10),
      annotation(3, '2', 10),
    ]);
    expect((await score(mixed)).annotators.map((each) => [each.numAnswers, each.numQuestions])).toEqual([
      [10, 2],
      [5, 1],
    ]);
  });

  it('without ids of the answers agree with the definition', async () => {
    // The official script compares whole entries here, takes equal ones for one annotator, and gives 0.
    const bare = write('bare.json', [
      {
        question_id: 1,
        answers: Array.from({ length: 10 }, () => ({ answer: 'basil', answer_confidence: 'yes' })),
      },
    ]);
    const basil = write('basil.json', [{ question_id: 1, answer: 'basil' }]);
    expect(await scoreVqaFiles({ predictions: basil, annotations: bare, ...strict })).toMatchObject({
      accuracy: 1,
    });
  });

  it('give percentages as the official program rounds them', async () => {
    // 1 of 32 is 3.125, which Python prints as 3.12.
    const ids = Array.from({ length: 32 }, (_, i) => i + 1);
    const many = write(
      'many.json',
      ids.map((id) => annotation(id, 'a')),
    );
    const one = write(
      'one.json',
      ids.map((id) => ({ question_id: id, answer: id === 1 ? 'a' : 'b' })),
    );
    const scores = await scoreVqaFiles({ predictions: one, annotations: many, ...strict });
    expect([scores.accuracy, scores.percent]).toEqual([0.03125, 3.12]);
  });
});

describe('GQA predictions', () => {
  const question = (answer: string) => ({ answer, isBalanced: true, types: {}, question: 'x' });
  const questions = [write('questions.json', { '07': question('red'), '12': question('yes') })];
  const score = (content: unknown, name = 'p.json', files = questions) =>
    scoreGqaFiles({ predictions: write(name, content), questions: files, consistency: false, ...strict });
  const pairs = [
    ['07', 'red'],
    ['12', 'yes'],
  ] as const;

  it.each<[string, string, unknown, string | undefined]>([
    [
      'the documented form',
      'a.json',
      pairs.map(([questionId, prediction]) => ({ questionId, prediction })),
      undefined,
    ],
    [
      'JSON lines',
      'a.jsonl',
      lines(pairs.map(([questionId, prediction]) => ({ questionId, prediction }))),
      'JSON lines',
    ],
    ['answers by id', 'a.json', '{"07": "red", "12": "yes"}', 'by question id'],
    ['answers by id that was a number', 'a.json', { 7: 'red', 12: 'yes' }, 'without the zeros that 1 id of'],
    [
      'the keys of VQA',
      'a.json',
      pairs.map(([question_id, answer]) => ({ question_id, answer })),
      "taken are id 'question_id', answer 'answer'",
    ],
    [
      'ids as numbers, which lose zeros',
      'a.json',
      pairs.map(([id, prediction]) => ({ questionId: Number(id), prediction })),
      'without the zeros that 1 id of',
    ],
  ])('are read from %s, and what is not documented is noted', async (_, name, content, note) => {
    const scores = await score(content, name);
    expect(scores.accuracy).toBe(1);
    expect(scores.notes.join(' ')).toEqual(note === undefined ? '' : expect.stringContaining(note));
  });

  it('are scored against a list of questions with their ids, as tables come out', async () => {
    const table = write('table.json', [
      { id: '07', ...question('red') },
      { id: '12', ...question('yes') },
    ]);
    expect((await score('{"07": "red", "12": "no"}', 'p.json', [table])).accuracy).toBe(0.5);
    const nameless = write('nameless.json', [question('red')]);
    await expect(score('{"07": "red"}', 'p.json', [nameless])).rejects.toThrow(/element 0, key 'id'/);
  });

  it('are not the questions themselves, whose answers would all be right', async () => {
    const itself = { '07': { ...question('red'), imageId: '1', fullAnswer: 'Red.' } };
    await expect(score(itself)).rejects.toThrow(/holds the official questions of GQA|true answers/);
  });

  it('that numbers cannot tell apart are refused', async () => {
    const alike = [write('alike.json', { '07': question('red'), '7': question('red') })];
    await expect(score([{ questionId: 7, prediction: 'red' }], 'p.json', alike)).rejects.toThrow(
      /differs from another by zeros in front.*Write them as text/,
    );
  });

  it('that are right but for spelling are wrong, and their number is noted', async () => {
    const scores = await score(
      pairs.map(([questionId, answer]) => ({ questionId, prediction: `The ${answer}.` })),
    );
    expect(scores.accuracy).toBe(0);
    expect(scores.notes[0]).toMatch(/^2 answers differ .* the official evaluation counts them as wrong\.$/);
  });
});

describe('answers without a word', () => {
  it('are counted, where the official evaluation takes their only words away', async () => {
    const predictions = write('a.json', { 1: 'A', 2: '', 3: 'two' });
    const { notes } = await scoreVqaFiles({ predictions, annotations, missing: 'error', extra: 'error' });
    expect(notes.join('\n')).toContain('2 predicted answers are empty, or nothing but articles');
  });
});

describe('a table of columns as predictions', () => {
  it.each(['\t', ';', ','])('with %j between them is refused with the way to JSON', async (mark) => {
    const predictions = write('a.csv', `question_id${mark}answer\n1${mark}red\n`);
    await expect(
      scoreVqaFiles({ predictions, annotations, missing: 'error', extra: 'error' }),
    ).rejects.toThrow(/pandas\.read_csv\(FILE, sep=None/);
  });
});

describe('GQA questions', () => {
  const entry = { answer: 'red', isBalanced: true };
  const predictions = write('listed_predictions.json', [{ questionId: '07', prediction: 'red' }]);

  it.each(['id', 'questionId', 'question_id'])('are read from a list with %s', async (key) => {
    const questions = [write('listed_questions.json', [{ ...entry, [key]: '07' }])];
    expect(await scoreGqaFiles({ predictions, questions, consistency: false, ...strict })).toMatchObject({
      accuracy: 1,
    });
  });

  it('under a key are not taken for a split without answers', async () => {
    const questions = [write('listed_questions.json', { questions: { '07': entry } })];
    await expect(scoreGqaFiles({ predictions, questions, consistency: false, ...strict })).rejects.toThrow(
      /found the key 'questions' at the top level\. Write what stands under it/,
    );
  });
});
