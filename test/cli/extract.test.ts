/** @file `lxmert extract` with a detector of full size and random weights. */

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFeatureRow } from '../../src/features/obj36Reader.js';
import { readShardRows } from '../../src/features/shardRows.js';
import { openShards } from '../../src/features/storeFiles.js';
import { sha256OfFile } from '../../src/formats/hashes/sha256.js';
import type { LxmertAnswer } from '../../src/inference/lxmert.js';
import { BOTTOM_UP_ATTENTION } from '../../src/vision/detector/index.js';
import { collect } from '../features/support.js';
import { lxmert } from '../support/commandLine.js';
import { listLayers, writeLargeCaffeDetector } from '../support/detectorFiles.js';
import { noisePicture } from '../support/noisePicture.js';
import { writeSmallRun } from '../support/tinyLxmert.js';

const folder = mkdtempSync(path.join(tmpdir(), 'cli-extract-'));
const place = (name: string): string => path.join(folder, name);
const detector = place('full.caffemodel');
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(async () => {
  writeLargeCaffeDetector(detector, listLayers(BOTTOM_UP_ATTENTION));
  // Long and flat: small ones for the network too.
  for (const [seed, name] of ['first', 'second'].entries()) {
    await noisePicture(500, 60, { seed })
      .png()
      .toFile(place(`${name}.png`));
  }
}, 60_000);

describe('extract', () => {
  it('writes the regions of a picture, lists one that it cannot read, and adds nothing the second time', async () => {
    writeFileSync(place('broken.jpg'), 'no picture');
    const words = [
      'extract',
      place('first.png'),
      place('broken.jpg'),
      '--detector',
      detector,
      '--out',
      place('store'),
    ];
    const { stdout, stderr, exitCode } = await lxmert(...words);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /1 picture cannot be read here and will be left out:\n {2}1 x text: .*broken\.jpg\n/,
    );
    expect(stdout).toMatch(
      /store: 1 image, 1 new\n1 picture gave no features:\n {2}.*broken\.jpg is not a JPEG/,
    );
    const shards = openShards(place('store'));
    const [row] = await collect(readShardRows(shards));
    expect(row).toMatchObject({ imageId: 'first', width: 500, height: 60, numBoxes: 36 });
    expect(row?.features).toHaveLength(36 * 2048);
    expect(row?.features.every((value) => value >= 0)).toBe(true);
    expect(shards[0]?.metadata.provenance).toMatchObject({
      detector: 'bottom-up-attention',
      weightsSha256: await sha256OfFile(detector),
      settings: { profile: 'caffe-36', minBoxes: 36, maxBoxes: 36, precision: 'float32' },
    });
    const again = await lxmert(...words, '--max-skipped', '1', '--json');
    expect(again.exitCode).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({ numImages: 1, numExtracted: 0, isComplete: true });
  }, 120_000);

  it('names what it passes over in a folder by what it is, and ends with 1 for it', async () => {
    const photos = place('photos');
    mkdirSync(photos);
    copyFileSync(place('first.png'), path.join(photos, 'first.png'));
    writeFileSync(
      path.join(photos, 'IMG_1.HEIC'),
      Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'),
    );
    writeFileSync(path.join(photos, 'notes.txt'), 'not a picture');
    writeFileSync(path.join(photos, '.DS_Store'), 'x');
    const words = ['extract', photos, '--detector', detector, '--out', place('folder'), '--json'];
    const { stdout, stderr, exitCode } = await lxmert(...words);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/\n {2}1 x a HEIC picture: .*IMG_1\.HEIC\nConvert .* to JPEG or PNG/);
    expect(stderr).toMatch(/no pictures were passed over:\n {2}1 x text: .*notes\.txt\n/);
    expect(stderr).toMatch(/Passed over for their names: 1 hidden file/);
    expect(JSON.parse(stdout)).toMatchObject({
      numImages: 1,
      skipped: [{ id: 'IMG_1', reason: expect.stringContaining('is a HEIC picture') }],
      otherFiles: [{ kind: 'text', numFiles: 1 }],
      numHidden: 1,
    });
    expect((await lxmert(...words, '--max-skipped', '1')).exitCode).toBe(0);
    rmSync(path.join(photos, 'first.png'));
    const none = await lxmert(...words);
    expect(none.exitCode).toBe(2);
    expect(none.stderr).toMatch(/None of the pictures can be read here:\n {2}1 x a HEIC picture/);
  }, 240_000);

  it('describes given boxes to a TSV file, from which a store keeps the origin', async () => {
    const boxes = place('boxes.jsonl');
    writeFileSync(
      boxes,
      '{"image": "first", "boxes": [[0, 0, 100, 50]]}\n{"image": "second", "boxes": [[5, 5, 90, 59], [1, 2, 499, 50]]}\n',
    );
    const images = [place('first.png'), place('second.png')];
    const tsv = place('given.tsv');
    const { stdout, exitCode } = await lxmert(
      'extract',
      ...images,
      '--detector',
      detector,
      '--boxes',
      boxes,
      '--out',
      tsv,
    );
    expect({ stdout, exitCode }).toMatchObject({ stdout: `${tsv}: 2 images, 2 new\n`, exitCode: 0 });
    const row = await readFeatureRow(tsv, 'second');
    expect([...row.boxes]).toEqual([5, 5, 90, 59, 1, 2, 499, 50]);
    expect((await lxmert('features', 'convert', tsv, place('converted'))).exitCode).toBe(0);
    const info = await lxmert('features', 'info', place('converted'));
    expect(info.stdout).toMatch(/settings +profile=caffe-36, precision=float32, boxes=given/);
    // And back again.
    expect((await lxmert('features', 'convert', place('converted'), place('back.tsv'))).exitCode).toBe(0);
    const stated = JSON.parse(readFileSync(place('back.tsv.provenance.json'), 'utf8')) as {
      provenance: { weightsSha256: string };
    };
    expect(stated.provenance.weightsSha256).toBe(await sha256OfFile(detector));
  }, 120_000);

  it('agrees with its own output, and answers a question about the photo itself', async () => {
    const words = ['extract', place('first.png'), '--detector', detector];
    const { stdout, exitCode } = await lxmert(...words, '--verify', place('store'));
    // The store holds float16.
    expect(stdout).toMatch(
      /^agrees {2}first: 36 of 36 boxes found again, IoU 1\.000, .* on the file's boxes by 0\.0\d % .*\n1 image of .*, all in agreement/,
    );
    expect(exitCode).toBe(0);
    await writeSmallRun(place('run'), { featureSize: 2048 });
    const model = ['--model', place('run')];
    const question = 'What color is the cat?';
    const fromPhoto = await lxmert(
      'answer',
      place('first.png'),
      question,
      ...model,
      '--detector',
      detector,
      '--json',
    );
    const fromStore = await lxmert(
      'answer',
      'first',
      question,
      ...model,
      '--features',
      place('store'),
      '--json',
    );
    const [photo, store] = [fromPhoto, fromStore].map((each) => JSON.parse(each.stdout) as LxmertAnswer);
    expect(photo?.answers.map(({ answer }) => answer)).toEqual(store?.answers.map(({ answer }) => answer));
    expect(photo?.regions).toEqual(store?.regions);
  }, 120_000);

  it.each([
    [['--detector', detector], /--out is missing/],
    [['--out', place('x')], /detector is missing/],
    [
      ['--detector', detector, '--out', place('x'), '--batch-size', '0'],
      /--batch-size must be a whole number from 1/,
    ],
    [['--detector', place('first.png'), '--out', place('x')], /first\.png/],
  ])('refuses %j', async (words, message) => {
    const { stderr, exitCode } = await lxmert('extract', place('first.png'), ...words);
    expect(stderr).toMatch(message);
    expect(exitCode).toBeGreaterThan(0);
    expect(existsSync(place('x'))).toBe(false);
  });

  it('says what a detector may be where none is named', async () => {
    expect(await lxmert('extract', place('first.png'), '--out', place('x'))).toMatchObject({
      exitCode: 2,
      stderr: "lxmert: --detector is missing: a weights file, or its name on a hub, or 'pixels'.\n",
    });
  });

  it('refuses a list beside names, and a picture that is not there', async () => {
    const words = ['--detector', detector, '--out', place('x')];
    const both = await lxmert('extract', '-', place('first.png'), ...words);
    expect(both).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/either - for a list or names/),
    });
    const absent = await lxmert('extract', place('absent.png'), ...words);
    expect(absent).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/no file or folder .*absent\.png/),
    });
  });
});
