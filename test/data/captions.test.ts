import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { LxmertError, UsageError } from '../../src/common/errors.js';
import { streamCaptions } from '../../src/data/annotations/captions.js';

const folder = mkdtempSync(path.join(tmpdir(), 'captions-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** [image, sentence] of each caption of a file with this content. */
async function read(content: object | string, splits?: readonly string[]): Promise<string[][]> {
  const file = path.join(folder, 'captions.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  const found: string[][] = [];
  for await (const { imageId, sentence } of streamCaptions(file, splits)) found.push([imageId, sentence]);
  return found;
}

const coco = {
  info: { year: 2014 },
  annotations: [
    { id: 1, image_id: 42, caption: 'A dog.' },
    { id: 2, image_id: 7, caption: 'A cat.' },
    { id: 3, image_id: 42, caption: 'One dog.' },
  ],
  images: [
    { id: 7, file_name: 'COCO_val2014_000000000007.jpg' },
    { id: 42, file_name: 'COCO_val2014_000000000042.jpg' },
  ],
};
const image = (filename: string, split: string, ...sentences: string[]) => ({
  filename,
  split,
  filepath: 'val2014',
  sentences: sentences.map((raw) => ({ raw, tokens: [] })),
});
const bySplits = {
  images: [
    image('1000.jpg', 'train', 'A dog.', 'One dog.'),
    image('2000.jpg', 'test', 'A cat.'),
    image('3000.jpg', 'restval', 'A cow.'),
  ],
  dataset: 'flickr30k',
};

describe('captions are read from', () => {
  it('the aggregated pre-training file, without its questions', async () => {
    const images = [
      {
        img_id: 'a',
        sentf: { mscoco: ['A dog.', 'One dog.'], vqa: ['Is it a dog?'] },
        labelf: { vqa: [{ yes: 1 }] },
      },
      { img_id: 'b', sentf: { vg: ['A cat.'] } },
    ];
    expect(await read(images)).toEqual([
      ['a', 'A dog.'],
      ['a', 'One dog.'],
      ['b', 'A cat.'],
    ]);
  });

  it('JSON lines', async () => {
    expect(
      await read('{"image": "a", "text": "A dog.", "id": 3}\n\n{"text": "A {cat}.", "image": "b"}\n'),
    ).toEqual([
      ['a', 'A dog.'],
      ['b', 'A {cat}.'],
    ]);
  });

  it('COCO, whose images go by their file names', async () => {
    expect(await read(coco)).toEqual([
      ['COCO_val2014_000000000042', 'A dog.'],
      ['COCO_val2014_000000000007', 'A cat.'],
      ['COCO_val2014_000000000042', 'One dog.'],
    ]);
  });

  it('ids end at the first dot of a file name, as they do where features are made', async () => {
    const dotted = { images: [image('IMG.2024.jpg', 'train', 'A dog.')] };
    expect(await read(dotted, ['train'])).toEqual([['IMG', 'A dog.']]);
  });

  it('one split, or some, of a file with several', async () => {
    expect(await read(bySplits, ['test'])).toEqual([['2000', 'A cat.']]);
    expect(await read(bySplits, ['train', 'restval'])).toEqual([
      ['1000', 'A dog.'],
      ['1000', 'One dog.'],
      ['3000', 'A cow.'],
    ]);
    expect(await read({ images: bySplits.images.slice(1, 2) })).toEqual([['2000', 'A cat.']]);
  });
});

describe('what is no caption file', () => {
  it.each<[string, object | string, readonly string[] | undefined, RegExp]>([
    [
      'an object of other keys',
      { questions: [] },
      undefined,
      /expected captions, which are the aggregated.*COCO captions.*found an object with questions/,
    ],
    ['an empty object', {}, undefined, /found an empty object/],
    ['an image without sentences', [{ img_id: 'a' }], undefined, /image 0, key 'sentf'/],
    [
      'a line without a text',
      '{"image": "a", "text": "A dog."}\n{"image": "b"}',
      undefined,
      /line 2, key 'text'/,
    ],
    [
      'instances in place of captions',
      { ...coco, annotations: [{ image_id: 7, bbox: [] }] },
      undefined,
      /images and objects in COCO's form; expected captions/,
    ],
    [
      'an annotation of no image',
      { ...coco, images: [] },
      undefined,
      /annotation 0 is about image 42, which is not among 'images'/,
    ],
    ['images without sentences', { images: [{ id: 7 }] }, undefined, /image 0, key 'filename'/],
    [
      'several splits of which none is chosen',
      bySplits,
      undefined,
      /several splits, such as 'train' and 'test'.*prepare captions --split/,
    ],
    ['a file that is cut short', '[{"img_id": "a", "sentf"', undefined, /ends too early/],
  ])('%s', async (_, content, splits, message) => {
    const reading = read(content, splits);
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toBeInstanceOf(LxmertError);
  });

  it.each<[string, object, RegExp]>([
    ['a split that is not there', bySplits, /has no split 'val'; it has train, test, restval/],
    ['a split of a file that states none', coco, /does not state splits/],
  ])('%s', async (_, content, message) => {
    const reading = read(content, ['val']);
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toBeInstanceOf(UsageError);
  });
});
