/** @file Question files of other projects and in other archives, shaped as they are offered. */

import { truncateSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { streamStatements } from '../../../src/data/annotations/nlvr2Annotations.js';
import { readQuestions } from '../../../src/data/annotations/vqaAnnotations.js';
import { AnswerTable } from '../../../src/data/answerTable.js';
import { prepareGqa } from '../../../src/data/prepare/prepareGqa.js';
import { prepareNlvr2 } from '../../../src/data/prepare/prepareNlvr2.js';
import { prepareVqa } from '../../../src/data/prepare/prepareVqa.js';
import { openRawFiles } from '../../../src/data/prepare/rawFiles.js';
import { makeTar } from '../../formats/tarFile.js';
import { readJson, temporaryFolder, writeFiles } from './support.js';

const folder = temporaryFolder();
let numFolders = 0;
const newFolder = (): string => path.join(folder, `made${numFolders++}`);
const lines = (...records: object[]): string => records.map((each) => `${JSON.stringify(each)}\n`).join('');

describe('tar archives', () => {
  const content = { 'inside/a.json': '[1]', 'inside/._a.json': 'of macOS', 'b.json': '["b"]', 'c.txt': '' };

  it.each(['x.tar.gz', 'x.tgz', 'x.tar'])('%s is read by its members', async (name) => {
    const plain = makeTar(content);
    const source = writeFiles(newFolder(), { [name]: name === 'x.tar' ? plain : gzipSync(plain) });
    // Named, and found in the folder.
    for (const at of [path.join(source, name), source]) {
      const files = await openRawFiles([at]);
      expect(files.map(({ baseName }) => baseName)).toEqual(['a.json', 'b.json']);
      for (let i = 0; i < 2; i++) {
        const pieces: Uint8Array[] = [];
        for await (const piece of files[1]!.open()) pieces.push(piece);
        expect(Buffer.concat(pieces).toString()).toBe('["b"]');
      }
    }
  });

  it('of pictures are not read through because they lie in the folder', async () => {
    const source = writeFiles(newFolder(), { 'a.json': '[]', 'pictures.tar': makeTar({ 'b.json': '[]' }) });
    truncateSync(path.join(source, 'pictures.tar'), 2 ** 29);
    expect((await openRawFiles([source])).map(({ baseName }) => baseName)).toEqual(['a.json']);
  });

  it('that are cut short, or lead out of their folder, are refused', async () => {
    const whole = gzipSync(makeTar({ 'a.json': JSON.stringify(Array.from({ length: 9000 }, (_, i) => i)) }));
    const source = writeFiles(newFolder(), {
      'cut.tar.gz': whole.subarray(0, whole.length - 200),
      'out.tar': makeTar({ '../a.json': '[]' }),
      'twice.tar': Buffer.concat([
        makeTar({ 'a.json': '[]' }).subarray(0, 1024),
        makeTar({ 'a.json': '[]' }),
      ]),
    });
    const open = (name: string) => openRawFiles([path.join(source, name)]);
    await expect(open('cut.tar.gz')).rejects.toThrow('cut.tar.gz is not a whole tar archive');
    await expect(open('out.tar')).rejects.toThrow('would lead out of its folder (../a.json)');
    await expect(open('twice.tar')).rejects.toThrow("has two members named 'a.json'");
  });
});

describe("lists as ALBEF, BLIP and LAVIS keep VQA's questions", () => {
  const ten = [...new Array<string>(7).fill('down'), ...new Array<string>(3).fill('at table')];
  const files = {
    'vqa_train.json': [
      {
        question_id: 262148000,
        question: 'Where is he looking?',
        answer: ten,
        image: 'val2014/COCO_val2014_000000262148.jpg',
        dataset: 'vqa',
      },
    ],
    'vg_qa.json': [
      { question_id: 1, question: 'What is it?', answer: 'cup', image: 'image/713545.jpg', dataset: 'vg' },
    ],
    'vqa_test.json': [
      { question_id: 2, question: 'Why?', image: 'test2015/COCO_test2015_000000000001.jpg', dataset: 'vqa' },
    ],
    'answer_list.json': ['down', 'cup'],
  };

  it('become rows under their own names; Visual Genome does not count for the table', async () => {
    const outputFolder = newFolder();
    const source = writeFiles(newFolder(), files);
    const prepared = await prepareVqa({ sources: [source], outputFolder, minOccurrences: 1 });
    expect(readJson(outputFolder, 'trainval_label2ans.json')).toEqual(['down']);
    expect(prepared.splits.map(({ file, numWithLabel }) => [file, numWithLabel])).toEqual([
      ['vg_qa.json', 0],
      ['vqa_test.json', 0],
      ['vqa_train.json', 1],
    ]);
    expect(readJson(outputFolder, 'vqa_train.json')).toEqual([
      {
        img_id: 'COCO_val2014_000000262148',
        question_id: 262148000,
        sent: 'Where is he looking?',
        label: { down: 1 },
      },
    ]);
    const [unanswered] = await readQuestions(path.join(outputFolder, 'vqa_test.json'));
    expect(unanswered).toMatchObject({ imageIds: ['COCO_test2015_000000000001'], labels: undefined });
  });

  it('take a given table, and one answer counts as right', async () => {
    const outputFolder = newFolder();
    const source = writeFiles(newFolder(), { 'vg_qa.json': files['vg_qa.json'] });
    await prepareVqa({
      sources: [path.join(source, 'vg_qa.json')],
      outputFolder,
      answerTable: new AnswerTable(['down', 'cup']),
    });
    expect(readJson(outputFolder, 'vg_qa.json')).toEqual([
      { img_id: '713545', question_id: 1, sent: 'What is it?', label: { cup: 1 } },
    ]);
  });

  it('name the place of what is wrong', async () => {
    const source = writeFiles(newFolder(), {
      'vqa_train.json': [files['vqa_train.json'][0], { question_id: 3, image: 'a.jpg', dataset: 'vqa' }],
    });
    await expect(
      prepareVqa({ sources: [source], outputFolder: newFolder(), minOccurrences: 1 }),
    ).rejects.toThrow("vqa_train.json: question 1, key 'question'");
  });
});

describe("LLaVA's lines", () => {
  it('become questions without the prompt, each id of the type of its data set', async () => {
    const source = writeFiles(newFolder(), {
      'mine.jsonl': lines(
        {
          question_id: '0123',
          image: 'n161313.jpg',
          text: 'Is it?\nAnswer with one word.',
          category: 'default',
        },
        { question_id: 7, image: 'COCO_test2015_000000000001.jpg', text: 'Why?' },
      ),
    });
    const [vqa, gqa] = [newFolder(), newFolder()];
    await prepareGqa({ sources: [source], outputFolder: gqa });
    const answerTable = new AnswerTable(['yes']);
    await prepareVqa({ sources: [path.join(source, 'mine.jsonl')], outputFolder: vqa, answerTable });
    const rows = (await readQuestions(path.join(gqa, 'mine.json'))).map(
      ({ questionId, imageIds, sentence, labels }) => [questionId, imageIds[0], sentence, labels],
    );
    expect(rows).toEqual([
      ['0123', 'n161313', 'Is it?', undefined],
      ['7', 'COCO_test2015_000000000001', 'Why?', undefined],
    ]);
    expect((await readQuestions(path.join(vqa, 'mine.json'))).map(({ questionId }) => questionId)).toEqual([
      '0123',
      7,
    ]);
  });
});

describe('lists of NLVR2 without identifiers', () => {
  const examples = [
    { sentence: 'A dog.', label: 'False', images: ['dev/dev-850-0-img0.png', 'dev/dev-850-0-img1.png'] },
    { sentence: 'A cat.', label: 'True', images: ['dev/dev-850-0-img0.png', 'dev/dev-850-0-img1.png'] },
  ];

  it('become statements that are known by their uid', async () => {
    const source = writeFiles(newFolder(), { 'nlvr_dev.json': examples });
    const outputFolder = newFolder();
    await prepareNlvr2({ sources: [source], outputFolder, as: 'dev' });
    const found: unknown[] = [];
    for await (const { questionId, imageIds, labels } of streamStatements(
      path.join(outputFolder, 'valid.json'),
    ))
      found.push([questionId, ...imageIds, ...(labels?.keys() ?? [])]);
    expect(found).toEqual([
      ['nlvr2_valid_0', 'dev-850-0-img0', 'dev-850-0-img1', 'False'],
      ['nlvr2_valid_1', 'dev-850-0-img0', 'dev-850-0-img1', 'True'],
    ]);
  });
});

describe('--as', () => {
  const gqa = { 7: { imageId: '5', question: 'Is it red?', answer: 'yes', isBalanced: true } };
  const question = { question_id: 9001, image_id: 9, question: 'Is it?' };
  const annotation = {
    question_id: 9001,
    image_id: 9,
    multiple_choice_answer: 'yes',
    answers: [{ answer: 'yes' }],
  };

  it('makes a split of files under whatever names', async () => {
    const source = writeFiles(newFolder(), {
      'ood_testdev_head.json': gqa,
      'asked.json': { questions: [question] },
      'said.json': [annotation],
    });
    const outputFolder = newFolder();
    const at = (name: string): string => path.join(source, name);
    await prepareGqa({ sources: [at('ood_testdev_head.json')], outputFolder, as: 'testdev' });
    expect(readJson(outputFolder, 'testdev.json')).toMatchObject([{ question_id: '7', img_id: '5' }]);
    await prepareVqa({ sources: [source], outputFolder, as: 'val2014', minOccurrences: 1 });
    expect(readJson(outputFolder, 'val.json')).toMatchObject([
      { question_id: 9001, img_id: 'COCO_val2014_000000000009', label: { yes: 1 } },
    ]);
  });

  it('is for one file', async () => {
    const source = writeFiles(newFolder(), { 'a.json': gqa, 'b.json': gqa, 'asked.json': [question] });
    const outputFolder = newFolder();
    await expect(prepareGqa({ sources: [source], outputFolder, as: 'val' })).rejects.toThrow(
      '--as val is for one file, but there are 2',
    );
    await expect(
      prepareVqa({ sources: [source], outputFolder, as: 'val2014', minOccurrences: 1 }),
    ).rejects.toThrow('have no annotations beside them');
  });
});

it('a file of another data set under an official name is named for what it is', async () => {
  const source = writeFiles(newFolder(), {
    'train.json': [{ image: 'VizWiz_train_00000000.jpg', question: 'What?', answers: [{ answer: 'x' }] }],
  });
  await expect(prepareNlvr2({ sources: [source], outputFolder: newFolder() })).rejects.toThrow(
    'train.json holds the official annotations of VizWiz; expected examples of NLVR2.',
  );
});
