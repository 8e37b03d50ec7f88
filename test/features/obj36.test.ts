/** @file obj36 TSV files: the real rows against independently decoded values, and every way a row can be wrong. */

import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readFeatureRow, readObj36 } from '../../src/features/obj36Reader.js';
import { formatObj36Row, writeObj36 } from '../../src/features/obj36Writer.js';
import { type FeatureRow, featureSizeOf } from '../../src/features/row.js';
import { goldenPath } from '../support/golden.js';
import { publishedPath } from '../support/published.js';
import { collect, errorOf, makeRow, makeRows, temporaryFolder } from './support.js';

const folder = temporaryFolder();
const realFile = publishedPath('features', 'train2014_obj36.tsv');

interface ExpectedRow {
  img_id: string;
  img_h: number;
  img_w: number;
  num_boxes: number;
  objects_id: number[];
  objects_conf: number[];
  attrs_id: number[];
  attrs_conf: number[];
  boxes: number[][];
  features_shape: [number, number];
  features_first8: number[];
  features_last8: number[];
  features_sha256: string;
}

async function rowsOf(file: string): Promise<FeatureRow[]> {
  return (await collect(readObj36(file))).map((located) => located.row);
}

function fileOf(name: string, content: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

describe('real rows', () => {
  // The file with the numbers has all ten rows of the published one, the file of features the first three.
  const expected = (
    JSON.parse(
      readFileSync(publishedPath('features', 'train2014_obj36.expected.json'), 'utf8'),
    ) as ExpectedRow[]
  ).slice(0, 3);

  it('decode to the expected values', async () => {
    const located = await collect(readObj36(realFile));
    expect(located).toHaveLength(expected.length);
    for (const [i, { row, line, lineEnding }] of located.entries()) {
      const want = expected[i] as ExpectedRow;
      expect([line, lineEnding]).toEqual([i + 1, '\r\n']);
      expect([row.imageId, row.height, row.width, row.numBoxes]).toEqual([
        want.img_id,
        want.img_h,
        want.img_w,
        want.num_boxes,
      ]);
      expect(Array.from(row.objectsId, Number)).toEqual(want.objects_id);
      expect(Array.from(row.attrsId, Number)).toEqual(want.attrs_id);
      expect(Array.from(row.objectsConf)).toEqual(want.objects_conf);
      expect(Array.from(row.attrsConf)).toEqual(want.attrs_conf);
      expect(Array.from(row.boxes)).toEqual(want.boxes.flat());
      expect([row.numBoxes, featureSizeOf(row)]).toEqual(want.features_shape);
      expect(Array.from(row.features.subarray(0, 8))).toEqual(want.features_first8);
      expect(Array.from(row.features.subarray(-8))).toEqual(want.features_last8);
      const bytes = new Uint8Array(row.features.buffer);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(want.features_sha256);
    }
  });

  it('are written again byte for byte', async () => {
    const copy = path.join(folder, 'copy.tsv');
    expect(await writeObj36(copy, await rowsOf(realFile))).toBe(expected.length);
    expect(readFileSync(copy).equals(readFileSync(realFile))).toBe(true);
  });

  it('are found one by one', async () => {
    const want = expected[2] as ExpectedRow;
    const row = await readFeatureRow(realFile, want.img_id);
    expect(Array.from(row.features.subarray(0, 8))).toEqual(want.features_first8);
    const error = await errorOf(() => readFeatureRow(realFile, 'COCO_train2014_1'));
    expect(error.message).toContain('has no row for image COCO_train2014_1. It holds 3 images');
    expect(error.message).not.toContain('Images go by');
    const given = `pictures/${want.img_id}.jpg`;
    expect((await errorOf(() => readFeatureRow(realFile, given))).message).toMatch(
      new RegExp(`no row for image ${given}\\..* Images go by their ids here.*: name ${want.img_id}\\.$`),
    );
  });

  it('read the toy file, whose lines end with a line feed alone', async () => {
    const toy = goldenPath('toy', 'toy_obj36.tsv');
    const rows = await rowsOf(toy);
    expect(rows.map((row) => [row.imageId, row.numBoxes, featureSizeOf(row)])).toEqual(
      ['img_0', 'img_1', 'img_2', 'img_3'].map((id) => [id, 36, 32]),
    );
    const copy = path.join(folder, 'toy.tsv');
    await writeObj36(copy, rows, '\n');
    expect(readFileSync(copy).equals(readFileSync(toy))).toBe(true);
  });
});

describe('reading', () => {
  const rows = [
    makeRow(1),
    makeRow(2, { numBoxes: 1, imageId: 'fewer' }),
    makeRow(3, { numBoxes: 9, imageId: 'more' }),
  ];

  it.each(['\n', '\r\n'] as const)('gives back what was written with line end %j', async (ending) => {
    const file = path.join(folder, `written${ending.length}.tsv`);
    await writeObj36(file, rows, ending);
    expect(await rowsOf(file)).toEqual(rows);
  });

  it('holds for random rows of any size', async () => {
    for (let featureSize = 1; featureSize <= 11; featureSize++) {
      const random = Array.from({ length: 7 }, (_, i) => makeRow(100 + i, { numBoxes: 1 + i, featureSize }));
      const file = path.join(folder, 'random.tsv');
      await writeObj36(file, random);
      expect(await rowsOf(file)).toEqual(random);
    }
  });

  it('skips blank lines and takes a last line without an end', async () => {
    const [a, b] = rows.map((row) => formatObj36Row(row, '\n').toString()) as [string, string];
    const file = fileOf('blank.tsv', `${a}\n\r\n${b.trimEnd()}`);
    const located = await collect(readObj36(file));
    expect(located.map(({ row, line }) => [row.imageId, line])).toEqual([
      ['image_1', 1],
      ['fewer', 4],
    ]);
  });

  it('stops after the number of images asked for', async () => {
    const file = path.join(folder, 'many.tsv');
    await writeObj36(file, makeRows(9));
    expect(await collect(readObj36(file, { maxImages: 4 }))).toHaveLength(4);
    expect(await collect(readObj36(file, { maxImages: 99 }))).toHaveLength(9);
    expect(await collect(readObj36(file, { maxImages: 0 }))).toHaveLength(0);
  });

  it('goes on at a remembered byte', async () => {
    const file = path.join(folder, 'again.tsv');
    await writeObj36(file, makeRows(5));
    const all = await collect(readObj36(file));
    const third = all[2]!;
    const rest = await collect(readObj36(file, { start: third.start, firstLine: third.line }));
    expect(rest).toEqual(all.slice(2));
  });
});

describe('a bad row', () => {
  const sound = formatObj36Row(makeRow(1), '\n').toString().trimEnd().split('\t');
  const float = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer).toString('base64');

  /** The error for a file whose second row has one column replaced. */
  async function problemOf(column: number, value: string): Promise<string> {
    const second = sound.with(0, 'second').with(column, value);
    const file = fileOf('bad.tsv', `${sound.join('\t')}\r\n${second.join('\t')}\r\n`);
    const error = await errorOf(() => collect(readObj36(file)));
    const place = `${file}, line 2`;
    expect(error.message.startsWith(place), error.message).toBe(true);
    return error.message.slice(place.length);
  }

  it('of another number of columns', async () => {
    const file = fileOf('columns.tsv', `${sound.slice(0, 9).join('\t')}\n`);
    const error = await errorOf(() => collect(readObj36(file)));
    expect(error.message).toContain(`${file}, line 1: expected 10 columns divided by tabs (img_id, img_h`);
    expect(error.message).toContain('found 9.');
    const text = await errorOf(() => collect(readObj36(fileOf('text.tsv', '<html>\n<body>\n'))));
    expect(text.message).toContain('found 1.');
  });

  it.each([
    [
      'a height that is no number',
      1,
      'img_h',
      'img_h should be a whole number from 1 to 1000000; found "img_h".',
    ],
    ['a width of zero', 2, '0', 'img_w should be a whole number'],
    ['a fractional width', 2, '640.5', 'found "640.5"'],
    ['a negative height', 1, '-480', 'found "-480"'],
    ['no boxes', 7, '0', 'num_boxes should be a whole number from 1 to 1000; found "0".'],
    ['absurdly many boxes', 7, '999999999', 'num_boxes should be'],
    ['a number beyond what is read', 7, '9'.repeat(400), 'num_boxes should be'],
    ['more boxes than values', 7, '5', 'objects_id should hold 5 values for 5 boxes; it holds 4.'],
    ['letters outside base64', 4, '!AAA', 'objects_conf is not valid base64: it holds a character'],
    ['both alphabets of base64', 4, 'AA+-', 'objects_conf is not valid base64'],
    ['padding in the middle', 4, 'AA==AAAA', 'objects_conf is not valid base64'],
    ['a cut base64 field', 9, 'AAAAA', 'features is not valid base64: its length is 5 characters'],
    [
      'bytes that make no whole values',
      9,
      'AAAA',
      'features holds 3 bytes, not a whole number of 4-byte values.',
    ],
    ['labels of the wrong width', 3, 'AAAAAA==', 'objects_id holds 4 bytes, not a whole number of 8-byte'],
    [
      'an empty features column',
      9,
      '',
      'features should hold the same number of values for each of 4 boxes; it holds 0',
    ],
    ['features for some boxes only', 9, float(1, 2, 3, 4, 5, 6), 'features should hold the same number'],
    [
      'three boxes for four',
      8,
      float(...new Array<number>(12).fill(0)),
      'boxes should hold 16 values for 4 boxes',
    ],
    [
      'a NaN box',
      8,
      float(0, 0, Number.NaN, ...new Array<number>(13).fill(0)),
      'box 0 (0, 0, NaN, 0) leaves the image',
    ],
    [
      'a box outside the image',
      8,
      float(0, 0, 5000, ...new Array<number>(13).fill(0)),
      'leaves the image, which is',
    ],
    [
      'a box that runs backwards',
      8,
      float(50, 0, 10, ...new Array<number>(13).fill(0)),
      'box 0 (50, 0, 10, 0) runs backwards',
    ],
    [
      'an infinite feature',
      9,
      float(...new Array<number>(23).fill(1), Infinity),
      'features holds Infinity at value 23',
    ],
    ['a NaN confidence', 6, float(0, Number.NaN, 0, 0), 'attrs_conf holds NaN at value 1'],
    [
      'a negative label',
      5,
      Buffer.from(BigInt64Array.of(0n, -1n, 0n, 0n).buffer).toString('base64'),
      'attrs_id should hold class numbers from 0; found -1.',
    ],
  ] as const)('with %s', async (_, column, value, problem) => {
    const message = await problemOf(column, value);
    expect(message.startsWith(' (image second): ')).toBe(true);
    expect(message).toContain(problem);
  });

  it('without an image id, or with a broken one', async () => {
    expect(await problemOf(0, '')).toContain(': img_id is empty.');
    expect(await problemOf(0, 'x'.repeat(1025))).toContain(': img_id is longer than 1024 bytes.');
    expect(await problemOf(0, 'a\u0001b')).toContain('holds a control character');
    const file = path.join(folder, 'utf8.tsv');
    const rest = Buffer.from(`\t${sound.slice(1).join('\t')}\n`);
    writeFileSync(file, Buffer.concat([Buffer.of(0xff, 0xfe), rest]));
    expect((await errorOf(() => collect(readObj36(file)))).message).toContain('img_id is not valid UTF-8');
  });

  it('is not written either', () => {
    const row = makeRow(1);
    row.boxes[2] = Number.NaN;
    expect(() => formatObj36Row(row)).toThrow(/image image_1 cannot be written: box 0/);
    expect(() => formatObj36Row(makeRow(1, { imageId: 'a\tb' }))).toThrow(/control character/);
  });

  it('allows boxes to leave the image by rounding, as the reference does', async () => {
    const row = makeRow(1, { width: 500, height: 300 });
    row.boxes[2] = 500.004;
    expect(() => formatObj36Row(row)).not.toThrow();
    row.boxes[2] = 500.006;
    expect(() => formatObj36Row(row)).toThrow(/leaves the image, which is 500 x 300/);
  });
});
