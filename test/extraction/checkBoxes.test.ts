/** @file Boxes that are given in another order or unit than they are taken for, or for other pictures. */

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkGivenBoxes, type StatedForm } from '../../src/extraction/checkBoxes.js';
import { GivenBoxes } from '../../src/extraction/givenBoxes.js';
import { type BoxForm, PIXEL_CORNERS, toPixelCorners } from '../../src/features/files.js';
import type { ImageFile } from '../../src/vision/imageFiles.js';
import { temporaryFolder } from './pictures.js';

const folder = temporaryFolder('check-boxes');
/** Landscape and portrait. */
const SIZES: Readonly<Record<string, readonly [number, number]>> = {
  a: [500, 300],
  b: [640, 480],
  c: [300, 400],
};
/** Corners in pixels, as a detector finds them: all over the pictures. */
const CORNERS: Readonly<Record<string, readonly (readonly [number, number, number, number])[]>> = {
  a: [
    [10, 5, 110, 45],
    [200, 100, 499, 290],
    [300, 20, 420, 200],
  ],
  b: [
    [0, 0, 640, 480],
    [400, 300, 600, 470],
    [50, 250, 200, 440],
  ],
  c: [
    [100, 200, 290, 399],
    [20, 30, 150, 380],
  ],
};
const images: ImageFile[] = [];
beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  for (const [id, [width, height]] of Object.entries(SIZES)) {
    const file = path.join(folder, `${id}.png`);
    await sharp({ create: { width, height, channels: 3, background: '#456' } })
      .png()
      .toFile(file);
    images.push({ id, file });
  }
});

/** A box as a file of this form has it; written here apart from what reads it. */
function written([x1, y1, x2, y2]: readonly number[], id: string, { format, unit }: BoxForm): number[] {
  const [width, height] = SIZES[id] as readonly [number, number];
  const whole = { pixel: undefined, share: 1, percent: 100, thousandth: 1000 }[unit];
  const x = (value: number): number => (whole === undefined ? value : (value / width) * whole);
  const y = (value: number): number => (whole === undefined ? value : (value / height) * whole);
  const [l, t, r, b] = [x(x1!), y(y1!), x(x2!), y(y2!)];
  return {
    xyxy: [l, t, r, b],
    xywh: [l, t, r - l, b - t],
    yxyx: [t, l, b, r],
    cxcywh: [(l + r) / 2, (t + b) / 2, r - l, b - t],
  }[format];
}

let numFiles = 0;
function fileOf(boxes: Readonly<Record<string, readonly (readonly number[])[]>>): string {
  const file = path.join(folder, `boxes${numFiles++}.jsonl`);
  writeFileSync(
    file,
    Object.entries(boxes)
      .map(([image, each]) => JSON.stringify({ image, boxes: each }))
      .join('\n'),
  );
  return file;
}

const inForm = (form: BoxForm): string =>
  fileOf(
    Object.fromEntries(
      Object.entries(CORNERS).map(([id, boxes]) => [id, boxes.map((box) => written(box, id, form))]),
    ),
  );

async function check(file: string, stated: StatedForm = {}): Promise<string[]> {
  const given = await GivenBoxes.read(file, { ...PIXEL_CORNERS, ...stated });
  return await checkGivenBoxes(given, images, stated);
}

it('corners in pixels are taken as they are', async () => {
  expect(await check(inForm(PIXEL_CORNERS))).toEqual([]);
});

describe.each([
  { format: 'xywh', unit: 'pixel' },
  { format: 'yxyx', unit: 'pixel' },
  { format: 'cxcywh', unit: 'pixel' },
  { format: 'xyxy', unit: 'share' },
  { format: 'cxcywh', unit: 'share' },
  { format: 'xyxy', unit: 'percent' },
  { format: 'yxyx', unit: 'thousandth' },
] as const)('$format in $unit', (form) => {
  it('are not taken for corners in pixels, and are read where they are said to be', async () => {
    const file = inForm(form);
    await expect(check(file)).rejects.toThrow(/--box-(format|unit)/);
    expect(await check(file, form)).toEqual([]);
    const given = await GivenBoxes.read(file, form);
    for (const [id, boxes] of Object.entries(CORNERS)) {
      const [width, height] = SIZES[id] as readonly [number, number];
      given.pixelBoxesOf(id, width, height).forEach((value, i) => {
        expect(value).toBeCloseTo(boxes.flat()[i] as number, 2);
      });
    }
    expect(given.identityOf('a')).not.toEqual(given.boxesOf('a'));
  });
});

it('names a box, what fits, and the flag', async () => {
  await expect(check(inForm({ format: 'xywh', unit: 'pixel' }))).rejects.toThrow(
    /do not lie in their pictures so: picture a \(500 x 300\) has 300, 20, 120, 180\. All would fit as x, y, width, height in pixels: give --box-format xywh --box-unit pixel/,
  );
  await expect(check(inForm({ format: 'xyxy', unit: 'share' }))).rejects.toThrow(
    /all of them lie within one pixel: .* fit as x1, y1, x2, y2 as shares of the picture's sides \(0 to 1\)/,
  );
});

it('few boxes that would do as corners and as sizes are not taken for either', async () => {
  // Two boxes of the form x, y, width, height that run forwards as corners too.
  const file = fileOf({
    a: [
      [10, 5, 100, 40],
      [20, 10, 100, 30],
    ],
  });
  await expect(check(file)).rejects.toThrow(
    /upper left quarter.*--box-format xywh.*Give --box-format xyxy if/,
  );
  expect((await check(file, { format: 'xyxy' })).at(0)).toMatch(/2 pictures \(b, c\) have no boxes/);
});

it('one stray box is no sign of another form', async () => {
  const file = fileOf({
    ...CORNERS,
    c: [...Array.from({ length: 12 }, () => CORNERS.c![0]!), [10, 10, 900, 20]],
  });
  expect(await check(file)).toEqual([]);
});

it('boxes of pictures of another size are told so', async () => {
  const doubled = Object.fromEntries(
    Object.entries(CORNERS).map(([id, boxes]) => [
      id,
      boxes.map((box) => box.map((value) => value * 5 + 100)),
    ]),
  );
  await expect(check(fileOf(doubled))).rejects.toThrow(
    /fit no order and unit that is known here: .* another size/,
  );
});

it('what is left out is counted and named; where nothing is left, it stops', async () => {
  const file = fileOf({ a: CORNERS.a!, x: CORNERS.a!, y: CORNERS.a! });
  expect(await check(file)).toEqual([
    expect.stringMatching(/^2 pictures \(b, c\) have no boxes in .*, and will be left out\.$/),
    expect.stringMatching(/^2 images \(x, y\) have boxes in .* and no picture among those given\.$/),
  ]);
  await expect(check(fileOf({ x: CORNERS.a! }))).rejects.toThrow(
    /has boxes for none of the pictures: the first picture's id is a, the first id there is x\./,
  );
});

it('conversion is exact where the form is corners in pixels', () => {
  const boxes = Float32Array.of(1, 2.5, 3, 4);
  expect(toPixelCorners({ boxes, width: 10, height: 10 }, PIXEL_CORNERS)).toEqual(boxes);
});

it.each([
  ["COCO's annotations", '{"images": [], "annotations": []}'],
  ['a list in a list', '[{"image": "a", "boxes": [[1, 2, 3, 4]]}]'],
  ['boxes by id', '{"a": [[1, 2, 3, 4]]}'],
  ['CSV', 'image,x1,y1,x2,y2\na,1,2,3,4'],
  ['five numbers', '{"image": "a", "boxes": [[1, 2, 3, 4, 0.9]]}'],
])('%s are told what --boxes takes', async (name, text) => {
  const file = path.join(folder, `${name}.json`);
  writeFileSync(file, `${text}\n`);
  await expect(GivenBoxes.read(file)).rejects.toThrow(/line 1.*--boxes takes JSON lines.*--box-format xywh/s);
});

it('a later line that is wrong is told alone', async () => {
  const file = path.join(folder, 'later.jsonl');
  writeFileSync(file, '{"image": "a", "boxes": [[1, 2, 3, 4]]}\n{"image": "b"}\n');
  await expect(GivenBoxes.read(file)).rejects.toThrow(
    /line 2, key 'boxes': expected a list, found nothing\.$/,
  );
});
