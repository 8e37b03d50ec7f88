import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { prepareGqa } from '../../../src/data/prepare/prepareGqa.js';
import { prepareNlvr2 } from '../../../src/data/prepare/prepareNlvr2.js';
import { prepareVqa } from '../../../src/data/prepare/prepareVqa.js';
import { namesIn, readJson, temporaryFolder, writeFiles } from './support.js';

const tables = path.join(import.meta.dirname, '../../formats/parquet/tables');
const vqa = (name: string) => path.join(tables, 'vqa/data', name);
const SHARDS = [vqa('validation-00000-of-00002.parquet'), vqa('validation-00001-of-00002.parquet')];
const folder = temporaryFolder();
let numFolders = 0;
const newFolder = (): string => path.join(folder, `made${numFolders++}`);

/** A copy under another name. */
function renamed(file: string, name: string): string {
  const target = path.join(newFolder(), name);
  mkdirSync(path.dirname(target), { recursive: true });
  copyFileSync(file, target);
  return target;
}

const prepareTables = async (sources: readonly string[], more = {}) => {
  const outputFolder = newFolder();
  const result = await prepareVqa({ sources, outputFolder, minOccurrences: 1, ...more });
  return { outputFolder, result };
};

describe("VQA's tables", () => {
  it('become the same files as the official ones with the same questions', async () => {
    const yes = Array.from({ length: 10 }, () => 'yes');
    const green = [...Array.from({ length: 7 }, () => 'green'), 'brown', 'light green', 'green'];
    const cat = [...Array.from({ length: 4 }, () => 'a cat'), ...Array.from({ length: 6 }, () => 'cat')];
    const rows = [
      [262148, 0, 'What color is the grass?', green, 'green', 'other'],
      [262148, 1, 'Is it \u00fcber-sunny?', yes, 'yes', 'yes/no'],
      [393225, 0, 'Is there a dog?', yes, 'yes', 'yes/no'],
      [393230, 0, 'What is that?', cat, 'cat', 'other'],
      [42, 0, 'Is this a room?', yes, 'yes', 'yes/no'],
    ] as const;
    const ids = rows.map(([image, number]) => ({ image_id: image, question_id: image * 1000 + number }));
    const source = writeFiles(newFolder(), {
      'val2014_questions.json': {
        questions: rows.map(([, , question], i) => ({ ...ids[i], question })),
      },
      'val2014_annotations.json': {
        annotations: rows.map(([, , , answers, given, kind], i) => ({
          ...ids[i],
          question_type: 'what color is the',
          answer_type: kind,
          multiple_choice_answer: given,
          answers: answers.map((answer) => ({ answer })),
        })),
      },
    });
    const official = await prepareTables([source]);
    // In any order of their names.
    const fromTables = await prepareTables([...SHARDS].reverse());
    for (const name of ['val.json', 'trainval_label2ans.json', 'trainval_ans2label.json'])
      expect(readJson(fromTables.outputFolder, name)).toEqual(readJson(official.outputFolder, name));
    expect(fromTables.result.splits).toEqual(official.result.splits);
    expect(fromTables.result.notes).toEqual([]);
  });

  it('of a whole folder become a file for each split; withheld answers leave questions alone', async () => {
    const { outputFolder, result } = await prepareTables([path.join(tables, 'vqa')]);
    expect(namesIn(outputFolder)).toEqual([
      'testdev.json',
      'train.json',
      'trainval_ans2label.json',
      'trainval_label2ans.json',
      'val.json',
    ]);
    expect(readJson(outputFolder, 'testdev.json')).toEqual([
      { img_id: 'COCO_test2015_000000000001', question_id: 1000, sent: 'Is it?' },
      { img_id: 'COCO_test2015_000000000001', question_id: 1001, sent: 'Why?' },
    ]);
    expect(result.splits.map(({ file, numQuestions }) => [file, numQuestions])).toEqual([
      ['testdev.json', 2],
      ['train.json', 12],
      ['val.json', 5],
    ]);
    expect(readJson(outputFolder, 'train.json')).toMatchObject([
      { img_id: 'COCO_train2014_000000000009', label: { yes: 1 }, question_id: 9000 },
      ...Array.from({ length: 11 }, () => ({})),
    ]);
  });

  it('are divided by minival ids, as the official ones are', async () => {
    const { outputFolder } = await prepareTables(SHARDS, { minivalIds: new Set([393230000, 42000]) });
    expect(readJson(outputFolder, 'minival.json')).toMatchObject([{}, { question_id: 42000 }]);
    expect(readJson(outputFolder, 'nominival.json')).toHaveLength(3);
  });

  it('that are not all there are said to be missing', async () => {
    const { result } = await prepareTables([SHARDS[1]!]);
    expect(result.notes.join('\n')).toMatch(
      /validation: 1 of its 2 tables are here; without 0, counted from 0, the split is not whole/,
    );
  });

  it('are known by the folder that converted tables lie in, and else by what is said', async () => {
    const converted = renamed(SHARDS[1]!, 'validation/0000.parquet');
    expect((await prepareTables([converted])).result.splits).toMatchObject([
      { file: 'val.json', numQuestions: 2 },
    ]);
    const odd = renamed(SHARDS[1]!, 'mine.parquet');
    await expect(prepareTables([odd])).rejects.toThrow(/does not tell which split it is.*--as val2014/);
    const { outputFolder } = await prepareTables([odd], { as: 'train2014' });
    expect(readJson(outputFolder, 'train.json')).toMatchObject([
      { img_id: 'COCO_train2014_000000393230' },
      {},
    ]);
  });

  it('of other data sets are refused with their columns, and passed over in folders', async () => {
    const images = path.join(tables, 'gqa/testdev_balanced_images/testdev-00000-of-00001.parquet');
    await expect(prepareTables([images])).rejects.toThrow(
      /a Parquet table without the columns question_id, question, image_id; it has id, image\./,
    );
    await expect(prepareTables([path.join(tables, 'nlvr2')])).rejects.toThrow(/No VQA questions were found/);
  });

  it('with a question twice are refused', async () => {
    const twice = [SHARDS[1]!, renamed(SHARDS[1]!, 'again.parquet')];
    await expect(prepareTables(twice, { as: 'val2014' })).rejects.toThrow(/has the question 393230000 twice/);
    // The same file named twice is one.
    expect((await prepareTables([SHARDS[1]!, SHARDS[1]!])).result.splits).toMatchObject([
      { numQuestions: 2 },
    ]);
  });
});

it("GQA's tables become the files of their splits, by the names of their folders", async () => {
  const outputFolder = newFolder();
  const result = await prepareGqa({ sources: [path.join(tables, 'gqa')], outputFolder });
  expect(result.splits.map(({ file }) => file)).toEqual(['train.json', 'testdev.json']);
  expect(readJson(outputFolder, 'testdev.json')).toEqual([
    { img_id: 'n161313', label: { no: 1 }, question_id: '00000101', sent: 'Is it overcast?' },
    { img_id: 'n161313', label: { pipe: 1 }, question_id: '00000102', sent: 'What is it?' },
  ]);
  expect(readJson(outputFolder, 'trainval_label2ans.json')).toEqual(['no', 'pipe']);
});

it("NLVR2's tables become the files of their splits under the names of the hub", async () => {
  const outputFolder = newFolder();
  const result = await prepareNlvr2({ sources: [path.join(tables, 'nlvr2')], outputFolder });
  expect(result.splits).toMatchObject([{ file: 'balanced_dev.json', numQuestions: 3, numWithLabel: 3 }]);
  expect(readJson(outputFolder, 'balanced_dev.json')).toEqual([
    {
      identifier: 'dev-850-0-0',
      img0: 'dev-850-0-img0',
      img1: 'dev-850-0-img1',
      label: 1,
      sent: 'Two dogs lie there.',
      uid: 'nlvr2_balanced_dev_0',
    },
    expect.objectContaining({ identifier: 'dev-850-0-1', label: 0 }),
    expect.objectContaining({ img1: 'dev-4-1-img1' }),
  ]);
});
