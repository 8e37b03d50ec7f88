import { createReadStream, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { readQuestions } from '../../../src/data/annotations/vqaAnnotations.js';
import { AnswerTable } from '../../../src/data/answerTable.js';
import { prepareGqa } from '../../../src/data/prepare/prepareGqa.js';
import { publishedPath } from '../../support/published.js';
import { makeZip, namesIn, readJson, temporaryFolder, writeFiles } from './support.js';

const folder = temporaryFolder();
let numFolders = 0;
const newFolder = (): string => path.join(folder, `made${numFolders++}`);

const asked = (imageId: string, question: string, answer?: string): unknown => ({
  semantic: [{ operation: 'select', dependencies: [], argument: 'sky (2486325)' }],
  imageId,
  question,
  isBalanced: true,
  ...(answer === undefined ? {} : { answer, fullAnswer: `It is ${answer}.` }),
});
const raw: Record<string, string> = {
  // Ids that look like numbers: an object would put '100' first.
  'train_balanced_questions.json': `{"02930152": ${JSON.stringify(asked('2354786', 'Is the sky dark?', 'yes'))}, "100": ${JSON.stringify(asked('n1', 'What is it?', 'caf\u00e9'))}}`,
  'val_balanced_questions.json': JSON.stringify({ '05451384': asked('2382986', 'Are there cats?', 'no') }),
  'testdev_balanced_questions.json': JSON.stringify({ '201307251': asked('n161313', 'Is it?', 'maybe') }),
  'submission_all_questions.json': JSON.stringify({ '201971873': asked('n15740', 'Is it overcast?') }),
};
for (let i = 0; i < 11; i++) {
  raw[`train_all_questions/train_all_questions_${i}.json`] = JSON.stringify({
    [`q${i}`]: asked('7', '?', `a${i}`),
  });
}

const given = (name: string, outputFolder: string): string =>
  readFileSync(path.join(outputFolder, name), 'utf8');

describe('prepareGqa', () => {
  it('makes the balanced files from the archive', async () => {
    const source = writeFiles(newFolder(), {
      'questions1.2.zip': makeZip(Object.entries(raw).map(([name, content]) => ({ name, content }))),
    });
    const outputFolder = newFolder();
    const prepared = await prepareGqa({ sources: [path.join(source, 'questions1.2.zip')], outputFolder });
    expect(namesIn(outputFolder)).toEqual([
      'submit.json',
      'testdev.json',
      'train.json',
      'trainval_ans2label.json',
      'trainval_label2ans.json',
      'valid.json',
    ]);
    expect(given('train.json', outputFolder)).toBe(`[
    {
        "img_id": "2354786",
        "label": {
            "yes": 1.0
        },
        "question_id": "02930152",
        "sent": "Is the sky dark?"
    },
    {
        "img_id": "n1",
        "label": {
            "caf\\u00e9": 1.0
        },
        "question_id": "100",
        "sent": "What is it?"
    }
]`);
    expect(given('submit.json', outputFolder)).toBe(`[
    {
        "img_id": "n15740",
        "question_id": "201971873",
        "sent": "Is it overcast?"
    }
]`);
    expect(given('trainval_label2ans.json', outputFolder)).toBe('["caf\\u00e9", "no", "yes"]');
    expect(given('trainval_ans2label.json', outputFolder)).toBe(
      '{\n    "caf\\u00e9": 0,\n    "no": 1,\n    "yes": 2\n}',
    );
    expect(prepared).toMatchObject({ numAnswers: 3, tableFrom: 'questions' });
    expect(prepared.splits.find((split) => split.file === 'testdev.json')).toEqual({
      file: 'testdev.json',
      numQuestions: 1,
      numAnswered: 1,
      numWithLabel: 0,
      numAnswersOutsideTable: 1,
      numEmpty: 0,
    });
    const [first] = await readQuestions(path.join(outputFolder, 'train.json'));
    expect(first).toMatchObject({
      questionId: '02930152',
      imageIds: ['2354786'],
      labels: new Map([['yes', 1]]),
    });
  });

  it('makes the file of all questions from its parts, in the order of their numbers', async () => {
    const source = writeFiles(newFolder(), raw);
    const outputFolder = newFolder();
    await prepareGqa({
      sources: [source],
      outputFolder,
      questions: 'all',
      answerTable: new AnswerTable(['a1']),
    });
    expect(
      (readJson(outputFolder, 'train_all.json') as { question_id: string }[]).map((row) => row.question_id),
    ).toEqual(Array.from({ length: 11 }, (_, i) => `q${i}`));
    expect(given('trainval_label2ans.json', outputFolder)).toBe('["a1"]');
    expect(namesIn(outputFolder)).toContain('submit.json');
  });

  it('says what is missing or wrong, and leaves nothing', async () => {
    const outputFolder = newFolder();
    const prepare = (files: Record<string, unknown>, questions: 'all' | 'balanced' = 'balanced') =>
      prepareGqa({ sources: [writeFiles(newFolder(), { 'x.txt': '', ...files })], outputFolder, questions });
    await expect(prepare({ 'other.json': '{}' })).rejects.toThrow(
      'No GQA questions were found: expected names such as',
    );
    await expect(prepare({ 'train_all_questions_1.json': '{}' }, 'all')).rejects.toThrow(
      'number 0 is missing',
    );
    await expect(prepare({ 'val_balanced_questions.json': '{"a": {"imageId": "1"}}' })).rejects.toThrow(
      "val_balanced_questions.json: question 'a', key 'question'",
    );
    await expect(prepare({ 'val_balanced_questions.json': '{"a": {"imageId"' })).rejects.toThrow(
      "ends too early, after 16 bytes, at key 'a'",
    );
    expect(namesIn(outputFolder)).toEqual([]);
    const prepared = await prepare({
      'testdev_balanced_questions.json': raw['testdev_balanced_questions.json'],
    });
    expect(prepared).toMatchObject({ numAnswers: undefined, tableFrom: 'nothing' });
    expect(namesIn(outputFolder)).toEqual(['testdev.json']);
  });

  it('carries the sentences and ids of a tenth of testdev through', async () => {
    const official = new Map<string, { imageId: string; question: string }>();
    const lines = createReadStream(publishedPath('gqa', 'llava_gqa_testdev_balanced.jsonl'));
    for await (const line of createInterface({ input: lines })) {
      const { question_id, image, text } = JSON.parse(line) as Record<
        'question_id' | 'image' | 'text',
        string
      >;
      official.set(question_id, { imageId: image.replace('.jpg', ''), question: text.split('\n')[0]! });
    }
    expect(official.size).toBe(1258);
    const entries = [...official].map(([id, value]) => `${JSON.stringify(id)}: ${JSON.stringify(value)}`);
    const source = writeFiles(newFolder(), { 'testdev_balanced_questions.json': `{${entries.join(', ')}}` });
    const outputFolder = newFolder();
    await prepareGqa({ sources: [source], outputFolder });
    const questions = await readQuestions(path.join(outputFolder, 'testdev.json'));
    expect(
      questions.map(({ questionId, imageIds, sentence }) => [questionId, imageIds[0], sentence]),
    ).toEqual([...official].map(([id, { imageId, question }]) => [id, imageId, question]));
  });
});

describe("files in GQA's form under names of their own", () => {
  const questions = { 7: { imageId: '5', question: 'Is it red?', answer: 'yes', isBalanced: true } };

  it('keep them, as GQA-OOD has them', async () => {
    const source = writeFiles(newFolder(), {
      'ood_testdev_head.json': questions,
      'ood_testdev_tail.json': questions,
      'scene_graphs.json': { 5: { width: 1, height: 1, objects: {} } },
    });
    const outputFolder = newFolder();
    const prepared = await prepareGqa({ sources: [source], outputFolder });
    expect(prepared.splits).toMatchObject([
      { file: 'ood_testdev_head.json', numQuestions: 1, numWithLabel: 1 },
      { file: 'ood_testdev_tail.json', numQuestions: 1 },
    ]);
    expect(readJson(outputFolder, 'ood_testdev_head.json')).toEqual([
      { img_id: '5', label: { yes: 1 }, question_id: '7', sent: 'Is it red?' },
    ]);
  });

  it('are read beside official ones when they are named, and passed over in a folder with some', async () => {
    const source = writeFiles(newFolder(), {
      'train_balanced_questions.json': questions,
      'val_all_questions.json': questions,
      'mine.json': questions,
    });
    const files = async (...sources: string[]) =>
      (await prepareGqa({ sources, outputFolder: newFolder() })).splits.map(({ file }) => file);
    expect(await files(source)).toEqual(['train.json']);
    expect(await files(source, path.join(source, 'mine.json'))).toEqual(['train.json', 'mine.json']);
  });
});

it('reads a list with ids and image numbers, and names what stands under a key or another name', async () => {
  const prepare = async (content: unknown) => {
    const source = writeFiles(newFolder(), { 'train_balanced_questions.json': JSON.stringify(content) });
    const outputFolder = newFolder();
    const { notes } = await prepareGqa({ sources: [source], outputFolder });
    return { notes, rows: readJson(outputFolder, 'train.json') };
  };
  const question = { imageId: 5, question: 'Is it red?', answer: 'yes', isBalanced: true };
  const row = { img_id: '5', label: { yes: 1 }, question_id: '07', sent: 'Is it red?' };
  expect((await prepare([{ ...question, questionId: '07' }])).rows).toEqual([row]);
  expect((await prepare({ '07': question })).rows).toEqual([row]);
  await expect(prepare({ questions: { '07': question } })).rejects.toThrow(/found the key 'questions'/);
  const { answer, ...unanswered } = question;
  expect((await prepare({ '07': { ...unanswered, anwser: answer, answers: answer } })).notes.join()).toMatch(
    /train\.json: .* the key 'answers', which is not read/,
  );
});
