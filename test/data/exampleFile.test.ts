/** @file Files of other kinds than a reader expects, and the two layouts that each reader takes. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { streamCaptions } from '../../src/data/annotations/captions.js';
import { streamCustomExamples } from '../../src/data/annotations/customAnnotations.js';
import { streamStatements } from '../../src/data/annotations/nlvr2Annotations.js';
import { streamAnnotatedImages } from '../../src/data/annotations/pretrainingAnnotations.js';
import { readVizwiz } from '../../src/data/annotations/vizwizAnnotations.js';
import { streamQuestions } from '../../src/data/annotations/vqaAnnotations.js';
import { makeZip } from './prepare/support.js';

const folder = mkdtempSync(path.join(tmpdir(), 'example-file-'));
afterAll(() => rmSync(folder, { recursive: true }));

const READERS = {
  questions: streamQuestions,
  statements: streamStatements,
  custom: (file: string) => streamCustomExamples(file, 1),
  pairs: (file: string) => streamCustomExamples(file, 2),
  pretraining: streamAnnotatedImages,
  captions: (file: string) => streamCaptions(file),
  vizwiz: readVizwiz,
} satisfies Record<string, (file: string) => AsyncIterable<unknown>>;

function fileOf(content: string | Uint8Array | object, name = 'data.json'): string {
  const file = path.join(folder, name);
  const isRaw = typeof content === 'string' || content instanceof Uint8Array;
  writeFileSync(file, isRaw ? content : JSON.stringify(content));
  return file;
}

async function all(reader: keyof typeof READERS, content: string | Uint8Array | object): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const each of READERS[reader](fileOf(content))) found.push(each);
  return found;
}

const row = { img_id: 'a', question_id: 1, sent: 'What?', label: { yes: 1 } };
const statement = { identifier: 'dev-0-0-0', img0: 'a', img1: 'b', sent: 'Two cats.', label: 1 };
const example = { id: 1, image: 'a', text: 'What?', labels: 'yes' };
const photo = {
  image: 'VizWiz_train_00000000.jpg',
  question: 'What?',
  answers: [{ answer: 'soup', answer_confidence: 'yes' }],
  answer_type: 'other',
  answerable: 1,
};
const lines = (...records: object[]): string => records.map((record) => JSON.stringify(record)).join('\n');

const official = {
  vqa: { questions: [{ question_id: 1000, image_id: 1, question: 'What?' }] },
  annotations: {
    annotations: [
      {
        question_id: 1000,
        image_id: 1,
        question_type: 'what',
        answer_type: 'other',
        multiple_choice_answer: 'cat',
        answers: [{ answer: 'cat', answer_confidence: 'yes', answer_id: 1 }],
      },
    ],
  },
  vqaCp: [{ question_id: 1, image_id: 1, question: 'What?', coco_split: 'train2014' }],
  gqa: { '0123': { imageId: '5', question: 'What?', answer: 'cat', isBalanced: true } },
  nlvr2: lines({ identifier: 'dev-0-0-0', sentence: 'Two cats.', label: 'True' }),
  aokvqa: [
    {
      question_id: 'x',
      image_id: 1,
      question: 'What?',
      choices: ['a', 'b', 'c', 'd'],
      direct_answers: ['a'],
    },
  ],
};

describe('a file of another kind is named, with the command that takes it', () => {
  it.each<[keyof typeof READERS, string | object, string]>([
    ['questions', official.vqa, "official questions of VQA v2; expected questions in the reference's rows"],
    ['questions', official.vqa, 'lxmert prepare vqa'],
    ['questions', official.annotations, 'official annotations of VQA v2'],
    ['questions', official.vqaCp, 'VQA-CP'],
    ['questions', official.gqa, 'lxmert prepare gqa'],
    ['questions', JSON.stringify(official.gqa, null, 1), 'lxmert prepare gqa'],
    ['questions', official.aokvqa, 'A-OKVQA'],
    ['questions', [photo], 'vizwiz'],
    ['questions', [statement], 'lxmert evaluate nlvr2'],
    ['questions', lines(example), 'lxmert finetune custom'],
    ['statements', official.nlvr2, 'lxmert prepare nlvr2'],
    ['statements', [row], 'lxmert evaluate vqa'],
    ['custom', official.aokvqa, 'A-OKVQA; expected examples of your own'],
    ['custom', official.vqa, 'lxmert prepare vqa'],
    ['custom', JSON.stringify(official.vqa, null, 2), 'lxmert prepare vqa'],
    ['pairs', [row], 'lxmert evaluate vqa'],
    ['pretraining', [row], 'expected sentences of images for pre-training'],
    ['captions', [row], 'expected captions'],
    ['vizwiz', official.vqa, 'lxmert prepare vqa'],
    ['vizwiz', [row], "expected VizWiz's annotations"],
  ])('%s', async (reader, content, sentence) => {
    await expect(all(reader, content)).rejects.toThrow(sentence);
  });

  it.each<[string, Uint8Array, string]>([
    ['Parquet', Buffer.from(`PAR1${'\0'.repeat(40)}PAR1`), 'is a Parquet table'],
    ['zip', Buffer.from(`PK\x03\x04${'\0'.repeat(40)}`, 'latin1'), 'is a zip archive'],
    ['HDF5', Buffer.from(`\x89HDF\r\n\x1a\n${'\0'.repeat(40)}`, 'latin1'), 'is an HDF5 file'],
    ['UTF-16', Buffer.from('\ufeff[{"img_id": "a"}]', 'utf16le'), 'UTF-16'],
    ['HTML', Buffer.from('<!DOCTYPE html><html></html>'), 'a web page'],
  ])('%s', async (_, content, sentence) => {
    for (const reader of Object.keys(READERS) as (keyof typeof READERS)[]) {
      await expect(all(reader, content)).rejects.toThrow(sentence);
    }
  });

  it('and a fault within a file of the kind is named as such', async () => {
    await expect(all('questions', [row, { ...row, sent: 5 }])).rejects.toThrow("question 1, key 'sent'");
    await expect(all('custom', lines(example, { ...example, text: 5 }))).rejects.toThrow(
      "line 2, key 'text'",
    );
    await expect(all('custom', lines({ ...example, image: undefined, images: ['a', 'b'] }))).rejects.toThrow(
      'expected one image, but the example has 2. Pairs are for the task custom-pairs',
    );
    await expect(all('custom', lines({ id: 1, picture: 'a', text: 'What?' }))).rejects.toThrow(
      /expected either image or images.* is a JSON object with the keys "id", "picture", "text"; expected examples/,
    );
    await expect(all('questions', JSON.stringify([row]).slice(0, -9))).rejects.toThrow('ends too early');
  });
});

describe('lists and lines are read alike', () => {
  it.each<[keyof typeof READERS, object]>([
    ['questions', row],
    ['statements', statement],
    ['custom', example],
    ['captions', { image: 'a', text: 'A cat.' }],
    ['vizwiz', photo],
  ])('%s', async (reader, record) => {
    const list = await all(reader, [record, record]);
    expect(list).toHaveLength(2);
    expect(await all(reader, lines(record, record))).toEqual(list);
    expect(await all(reader, `\ufeff${lines(record, record)}\r\n`)).toEqual(list);
    expect(await all(reader, `\ufeff${JSON.stringify([record, record], null, 1)}`)).toEqual(list);
  });

  it('also where files with byte-order marks were joined', async () => {
    const part = `\ufeff${lines(example)}\n`;
    expect(await all('custom', part + part)).toHaveLength(2);
  });

  it('but not in another encoding than UTF-8', async () => {
    const latin1 = Buffer.from(lines(example, { ...example, text: 'caf\u00e9' }), 'latin1');
    await expect(all('custom', latin1)).rejects.toThrow('line 2 is not UTF-8 text');
  });

  it('with the label of NLVR2 in each way that files write it', async () => {
    const labels = [1, 0, 'True', 'False', true, false];
    const read = (await all(
      'statements',
      labels.map((label) => ({ ...statement, label })),
    )) as {
      labels: Map<string, number>;
    }[];
    expect(read.flatMap(({ labels }) => [...labels.keys()])).toEqual([
      'True',
      'False',
      'True',
      'False',
      'True',
      'False',
    ]);
    await expect(all('statements', [{ ...statement, label: 2 }])).rejects.toThrow(
      'expected the label 0 or 1',
    );
  });
});

describe('a key that the label may stand under', () => {
  it.each<[keyof typeof READERS, object, string | undefined]>([
    ['questions', { ...row, label: undefined, labels: { yes: 1 } }, 'labels'],
    ['questions', { ...row, label: undefined, lable: { yes: 1 } }, 'lable'],
    ['questions', { ...row, label: undefined, answers: ['yes'], answer_type: 'other' }, 'answers'],
    ['questions', { ...row, label: undefined, answer_type: 'other' }, undefined],
    ['questions', { ...row, answers: ['yes'] }, undefined],
    ['statements', { ...statement, label: undefined, Label: 1 }, 'Label'],
    ['custom', { ...example, labels: undefined, label: 'yes' }, 'label'],
  ])('%s: %j', async (reader, record, key) => {
    expect(((await all(reader, [record])) as { unreadLabelKey?: string }[])[0]?.unreadLabelKey).toBe(key);
  });
});

it('reads a list under a usual key, and what gzip packed', async () => {
  const plain = await all('questions', [row]);
  expect(await all('questions', { info: {}, questions: [row] })).toEqual(plain);
  expect(await all('custom', { data: [example] })).toEqual(await all('custom', [example]));
  expect(await all('questions', gzipSync(JSON.stringify([row])))).toEqual(plain);
  expect(await all('questions', gzipSync(`${JSON.stringify(row)}\n`))).toEqual(plain);
});

it('does not take examples without ids for captions', async () => {
  const { id: _, ...withoutId } = example;
  await expect(all('custom', [withoutId])).rejects.toThrow(/example 0, key 'id': expected .* found nothing/);
});

it('names a text that begins as no JSON does', async () => {
  await expect(all('captions', '1000.jpg#0\tA man .\n')).rejects.toThrow(/is text; expected captions/);
});

describe('the archive that a file was downloaded in', () => {
  const archive = (...contents: unknown[]): Uint8Array =>
    makeZip(contents.map((content, i) => ({ name: `a${i}.json`, content: JSON.stringify(content) })));

  it('is read by its only JSON file, and a fault of a record is said', async () => {
    expect(await all('vizwiz', archive([photo]))).toHaveLength(1);
    await expect(all('vizwiz', archive([photo, { ...photo, question: 5 }]))).rejects.toThrow(
      "question 1, key 'question'",
    );
    await expect(all('vizwiz', archive([], []))).rejects.toThrow('holds 2 JSON files (a0.json, a1.json)');
  });
});
