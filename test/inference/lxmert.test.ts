/** @file From a picture and a question to an answer, against the same steps made one by one. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { LxmertError, UsageError } from '../../src/common/errors.js';
import { batchFromRows } from '../../src/features/featureBatch.js';
import { unknownProvenance } from '../../src/features/unknownProvenance.js';
import { disposeModels } from '../../src/inference/ensemble.js';
import { describeRegion } from '../../src/inference/imageRegions.js';
import { Lxmert, type LxmertSource } from '../../src/inference/lxmert.js';
import { LxmertImage } from '../../src/inference/lxmertImage.js';
import { loadAnsweringModel } from '../../src/inference/modelFolder.js';
import { rankAnswers } from '../../src/tasks/predict.js';
import { decodeImage } from '../../src/vision/decodeImage.js';
import { RegionDetector } from '../../src/vision/detector/index.js';
import { loadLabelNames } from '../../src/vision/detector/labelFiles.js';
import { noisePicture } from '../support/noisePicture.js';
import { publishedPath } from '../support/published.js';
import { SMALL_DETECTOR, writeSmallDetector, writeSmallRun } from '../support/tinyLxmert.js';

const folder = mkdtempSync(path.join(tmpdir(), 'lxmert-api-'));
const at = (name: string): string => path.join(folder, name);
const photo = at('photo.png');
afterAll(() => rmSync(folder, { recursive: true }));

const load = (options: Partial<LxmertSource> = {}): Promise<Lxmert> =>
  Lxmert.load({
    model: at('run'),
    detector: at('small.caffemodel'),
    architecture: SMALL_DETECTOR,
    ...options,
  });

beforeAll(async () => {
  writeSmallDetector(at('small.caffemodel'));
  await writeSmallRun(at('run'));
  await noisePicture(90, 60).png().toFile(photo);
});

describe('an answer', () => {
  it('is what detector and model give step by step', async () => {
    using lxmert = await load();
    const result = await lxmert.answer(photo, 'What color is the cat?', { topK: 3 });
    using detector = await RegionDetector.load(at('small.caffemodel'), { architecture: SMALL_DETECTOR });
    const found = detector.detect(await decodeImage(photo));
    const answering = await loadAnsweringModel({ model: at('run') });
    const row = { imageId: 'x', ...found };
    const [expected] = rankAnswers(
      answering,
      { gather: () => batchFromRows([row]) },
      [{ imageIds: ['x'], sentence: 'What color is the cat?' }],
      3,
    );
    disposeModels(answering);
    expect(result.answers).toEqual(expected);
    expect(result.answers).toHaveLength(3);
    expect(result).toMatchObject({ question: 'What color is the cat?', isCut: false, width: 90, height: 60 });
    expect(result.regions).toHaveLength(found.numBoxes);
    const [x1, y1, x2, y2] = found.boxes;
    expect(result.regions[0]).toEqual({
      box: { x1, y1, x2, y2 },
      object: { id: Number(found.objectsId[0]), name: undefined, confidence: found.objectsConf[0] },
      attribute: { id: Number(found.attrsId[0]), name: undefined, confidence: found.attrsConf[0] },
    });
  });

  it('is the same from a path, bytes, pixels, its regions and a row; alone and among others', async () => {
    using lxmert = await load();
    const question = 'is the cat white?';
    const { answers } = await lxmert.answer(photo, question);
    const imageRegions = await lxmert.detectRegions(photo);
    const forms = [
      LxmertImage.fromFile(photo),
      LxmertImage.fromBytes(readFileSync(photo)),
      LxmertImage.fromPixels(await decodeImage(photo)),
      LxmertImage.fromRegions(imageRegions),
      LxmertImage.fromRow(imageRegions),
      LxmertImage.fromRow({ row: imageRegions.row, provenance: undefined }),
    ];
    for (const image of forms) {
      expect((await lxmert.answer(image, question)).answers).toEqual(answers);
    }
    const several = await lxmert.answerAll(photo, ['what is the cat', question, 'white?']);
    expect(several.map((each) => each.question)).toEqual(['what is the cat', question, 'white?']);
    several[1]?.answers.forEach(({ answer, probability }, i) => {
      expect(answer).toBe(answers[i]?.answer);
      expect(probability).toBeCloseTo(answers[i]?.probability ?? 0, 5);
    });
    expect(await lxmert.answerAll(photo, [])).toEqual([]);
  });

  it('says when the end of a question was not read', async () => {
    using lxmert = await load();
    const words = (count: number): string => Array(count).fill('what').join(' ');
    const [fits, isCut] = await lxmert.answerAll(photo, [words(18), `${words(18)} cat`]);
    expect([fits?.isCut, isCut?.isCut]).toEqual([false, true]);
    expect(isCut?.answers[0]?.probability).toBeCloseTo(fits?.answers[0]?.probability ?? 0, 6);
  });

  it('detects the regions of a file once, as long as they are cached', async () => {
    using lxmert = await load({ numCachedImages: 1 });
    const detect = vi.spyOn(RegionDetector.prototype, 'detect');
    try {
      const other = await sharp(readFileSync(photo)).negate().png().toBuffer();
      const first = await lxmert.detectRegions(photo);
      expect(await lxmert.detectRegions(LxmertImage.fromBytes(readFileSync(photo)))).toBe(first);
      expect(detect).toHaveBeenCalledTimes(1);
      const second = await lxmert.detectRegions(LxmertImage.fromBytes(other));
      expect(second.row.features).not.toEqual(first.row.features);
      expect(await lxmert.detectRegions(LxmertImage.fromBytes(other))).toBe(second);
      expect(detect).toHaveBeenCalledTimes(2);
      expect((await lxmert.detectRegions(photo)).row).toEqual(first.row);
      expect(detect).toHaveBeenCalledTimes(3);
    } finally {
      detect.mockRestore();
    }
  });

  it('detects once for calls that come together, and again after a failure', async () => {
    using lxmert = await load();
    const detect = vi.spyOn(RegionDetector.prototype, 'detect');
    try {
      const [first, second] = await Promise.all([lxmert.detectRegions(photo), lxmert.detectRegions(photo)]);
      expect(first).toBe(second);
      expect(detect).toHaveBeenCalledTimes(1);
      detect.mockImplementationOnce(() => {
        throw new LxmertError('once');
      });
      const other = await sharp(readFileSync(photo)).flip().png().toBuffer();
      await expect(lxmert.detectRegions(LxmertImage.fromBytes(other))).rejects.toThrow('once');
      expect((await lxmert.detectRegions(LxmertImage.fromBytes(other))).width).toBe(90);
    } finally {
      detect.mockRestore();
    }
  });

  it('of a model of the sample world needs no detector', async () => {
    await writeSmallRun(at('pixels'), { featureSize: 2048, pixelRegions: { numBoxes: 5 } });
    using lxmert = await Lxmert.load({ model: at('pixels') });
    const { regions, answers } = await lxmert.answer(photo, 'what');
    expect(regions).toHaveLength(5);
    expect(regions[0]).toMatchObject({ object: null, attribute: null });
    expect(describeRegion(regions[0]!)).toBeUndefined();
    expect(answers).toHaveLength(5);
  });
});

describe('what cannot be answered', () => {
  it('says what is missing', async () => {
    using blind = await Lxmert.load({ model: at('run') });
    await expect(blind.answer(photo, 'what')).rejects.toThrow(
      /cannot find the regions of a bare picture without one\. Name the weights with --detector/,
    );
    using lxmert = await load();
    await expect(lxmert.answer(photo, '  ')).rejects.toThrow(UsageError);
    await expect(lxmert.answer(at('absent.jpg'), 'what')).rejects.toThrow(/no picture at .*absent\.jpg/);
    await expect(lxmert.answer(photo, 'what', { topK: 0 })).rejects.toThrow(/topK must be a whole number/);
    const { row } = await lxmert.detectRegions(photo);
    const wide = { ...row, features: new Float32Array(row.numBoxes * 8) };
    await expect(
      lxmert.answer(LxmertImage.fromRow({ row: wide, provenance: undefined }), 'what'),
    ).rejects.toThrow(/reads 7 values for each region, and these features have 8/);
    const none = { ...row, numBoxes: 0, features: new Float32Array(), boxes: new Float32Array() };
    await expect(
      lxmert.answer(LxmertImage.fromRow({ row: none, provenance: undefined }), 'what'),
    ).rejects.toThrow(/has no region, and the model answers from regions/);
    await expect(lxmert.answer(photo, undefined as unknown as string)).rejects.toThrow(
      new UsageError('The question should be text; found undefined.'),
    );
    await expect(load({ profile: 'caffe' })).rejects.toThrow(
      /no profile 'caffe'; there are caffe-36, caffe-10-100, d2/,
    );
    await expect(load({ numCachedImages: -1 })).rejects.toThrow(UsageError);
  });

  it('a disposed instance says so, and disposing twice is nothing', async () => {
    const lxmert = await load();
    lxmert.dispose();
    lxmert.dispose();
    await expect(lxmert.answer(photo, 'what')).rejects.toThrow(/was disposed of/);
  });

  it('a model of two images is refused', async () => {
    await writeSmallRun(at('pairs'), { imagesPerExample: 2 });
    await expect(load({ model: at('pairs') })).rejects.toThrow(/about two images/);
  });

  it('a detector other than that of the training is refused, unless allowed', async () => {
    using detector = await RegionDetector.load(at('small.caffemodel'), { architecture: SMALL_DETECTOR });
    await writeSmallRun(at('known'), { trainedOn: detector.provenance });
    using same = await load({ model: at('known') });
    expect(same.warnings).toEqual([]);
    await expect(load({ model: at('known'), minBoxes: 10 })).rejects.toThrow(
      /the model was trained with setting minBoxes 36, here it is 10/,
    );
    using allowed = await load({ model: at('known'), minBoxes: 10, allowOtherFeatures: true });
    expect(allowed.warnings).toEqual([expect.stringMatching(/minBoxes 36, here it is 10/)]);
  });
});

describe('features of another origin', () => {
  it('are refused in regions of another detector and in a row that says so, unless allowed', async () => {
    using detector = await RegionDetector.load(at('small.caffemodel'), { architecture: SMALL_DETECTOR });
    await writeSmallRun(at('known'), { trainedOn: detector.provenance });
    using lxmert = await load({ model: at('known') });
    writeSmallDetector(at('other.caffemodel'), 9);
    using other = await load({ detector: at('other.caffemodel') });
    const imageRegions = await other.detectRegions(photo);
    await expect(lxmert.answer(LxmertImage.fromRegions(imageRegions), 'what')).rejects.toThrow(
      /The regions: the model was trained with detector weights/,
    );
    const { row, provenance } = imageRegions;
    await expect(lxmert.answer(LxmertImage.fromRow({ row, provenance }), 'what')).rejects.toThrow(
      /detector weights/,
    );
    using tolerant = await load({ model: at('known'), allowOtherFeatures: true });
    expect((await tolerant.answer(LxmertImage.fromRegions(imageRegions), 'what')).answers).toHaveLength(5);
    expect(tolerant.warnings).toEqual([expect.stringMatching(/detector weights/)]);
    // Its own is as good as before.
    expect(
      (await lxmert.answer(LxmertImage.fromRegions(await lxmert.detectRegions(photo)), 'what')).answers,
    ).toHaveLength(5);
  });

  it('are refused for a model of the sample world', async () => {
    await writeSmallRun(at('pixels'), { pixelRegions: { numBoxes: 5 } });
    await expect(load({ model: at('pixels') })).rejects.toThrow(
      /the model was trained with detector "pixel regions", here it is "bottom-up-attention"/,
    );
    // A run on a store that was made of such pictures can find their regions too.
    const trainedOn = { ...unknownProvenance, detector: 'pixel regions', settings: { numBoxes: 4 } };
    await writeSmallRun(at('stored'), { featureSize: 2048, trainedOn });
    using stored = await Lxmert.load({ model: at('stored') });
    expect((await stored.detectRegions(photo)).regions).toHaveLength(4);
  });
});

describe('names', () => {
  const lines = (count: number): string =>
    Array.from({ length: count }, (_, i) => `name ${i},other ${i}`).join('\n');

  it('are the first synonyms; files beside the weights are found', async () => {
    const { numClasses, numAttributes } = SMALL_DETECTOR;
    writeFileSync(at('objects_vocab.txt'), lines(1600));
    const names = await loadLabelNames({}, at('small.caffemodel'));
    expect([names.object(0), names.object(1599), names.attribute(3)]).toEqual([
      'name 0',
      'name 1599',
      // Of the package: there is no file of attributes beside the weights.
      'unmade',
    ]);
    writeFileSync(at('attributes.txt'), `${lines(400)}\r\n`);
    const both = await loadLabelNames({ attributes: at('attributes.txt') }, at('small.caffemodel'));
    expect(both.attribute(399)).toBe('name 399');
    // A detector of other sizes needs other files.
    writeFileSync(at('objects_vocab.txt'), lines(numClasses - 1));
    writeFileSync(at('few.txt'), lines(numAttributes - 1));
    expect(() => names.object(1600)).toThrow(
      /There is object number 1600 in the regions, but names for 1600 only/,
    );
    using lxmert = await load({ attributeNames: at('few.txt') });
    await expect(lxmert.detectRegions(photo)).resolves.toBeDefined();
    const { regions } = await lxmert.detectRegions(photo);
    const [region] = regions;
    expect(describeRegion(region!)).toBe(`name ${region?.attribute?.id} name ${region?.object?.id}`);
    rmSync(at('objects_vocab.txt'));
  });

  it('of another number are refused', async () => {
    writeFileSync(at('short.txt'), lines(1599));
    await expect(loadLabelNames({ objects: at('short.txt') }, undefined)).rejects.toThrow(
      /should have 1600 lines, one for each of the detector's objects; it has 1599/,
    );
    await expect(loadLabelNames({ attributes: at('absent.txt') }, undefined)).rejects.toThrow(UsageError);
    writeFileSync(at('gap.txt'), lines(400).replace('name 7,other 7', ''));
    await expect(loadLabelNames({ attributes: at('gap.txt') }, undefined)).rejects.toThrow(LxmertError);
  });

  it('of Visual Genome are read', async () => {
    const [objects, attributes] = ['objects', 'attributes'].map((what) =>
      publishedPath('vg', `${what}_vocab.txt`),
    );
    const names = await loadLabelNames({ objects, attributes }, undefined);
    expect(names.object(0)).toBe('yolk');
    expect(names.object(1599)).toMatch(/\w/);
    expect(names.attribute(0)).toMatch(/\w/);
    expect(
      Array.from({ length: 1600 }, (_, i) => names.object(i)).every((name) => name && !name.includes(',')),
    ).toBe(true);
  });
});
