/** @file Extraction with a detector that follows pixels: what is written, added to, skipped and refused. */

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../src/common/errors.js';
import { extractFeatures } from '../../src/extraction/extract.js';
import { GivenBoxes } from '../../src/extraction/givenBoxes.js';
import type { ExtractionOptions, ExtractionResult } from '../../src/extraction/settings.js';
import { readObj36 } from '../../src/features/obj36Reader.js';
import { openShards } from '../../src/features/storeFiles.js';
import { storeInfo } from '../../src/features/storeInfo.js';
import { readTsvProvenance } from '../../src/features/tsvProvenance.js';
import { verifyStore } from '../../src/features/verifyStore.js';
import { plainRegions } from '../support/plainRegions.mjs';
import {
  digestOf,
  imagesIn,
  paint,
  paintFolder,
  pictureFile,
  pictureId,
  rowsOf,
  temporaryFolder,
} from './pictures.js';

const folder = temporaryFolder('extract');
const photos = path.join(folder, 'photos');
const NUM_PHOTOS = 11;
let numPaths = 0;
const newPath = (ending = ''): string => path.join(folder, `out${numPaths++}${ending}`);

beforeAll(async () => {
  await paintFolder(photos, NUM_PHOTOS);
});

/** A folder of copies that a test may change. */
function copyPhotos(): string {
  const copy = newPath();
  mkdirSync(copy);
  for (let i = 0; i < NUM_PHOTOS; i++) copyFileSync(pictureFile(photos, i), pictureFile(copy, i));
  return copy;
}

/** Extracts, and counts the detections. */
async function extract(
  source: string,
  out: string,
  options: Partial<ExtractionOptions> = {},
): Promise<ExtractionResult & { numDetections: number }> {
  const log = newPath('.detections');
  const result = await extractFeatures({
    images: await imagesIn(source),
    detector: plainRegions({ log }),
    out,
    blockSize: 4,
    ...options,
  });
  return { ...result, numDetections: detectionsIn(log) };
}

function detectionsIn(log: string): number {
  return existsSync(log) ? readFileSync(log, 'utf8').split('\n').length - 1 : 0;
}

describe('a store', () => {
  it('is not made of values that the detector cannot give, unless another range is stated', async () => {
    // Its features are colours, too large for the range that is stated at first.
    const { provenance, ...rest } = plainRegions();
    const { featureRange: _, ...settings } = provenance.settings;
    const detector = { ...rest, provenance: { ...provenance, settings } };
    const low = { featureRange: { low: 0, high: 10 } };
    const out = newPath();
    await expect(extract(photos, out, { detector, ...low })).rejects.toThrow(
      /pic.*: features hold values from 0 to \d+, .*--feature-range/,
    );
    expect(existsSync(out)).toBe(false);
    const other = newPath();
    await extract(photos, other, { detector, featureRange: { low: 0, high: 255 } });
    expect(storeInfo(other).provenance.settings.featureRange).toBe('0,255');
    expect((await verifyStore(other)).problems).toEqual([]);
  });

  it('holds each picture once, in the order of the list, with its own features', async () => {
    const out = newPath();
    const result = await extract(photos, out);
    expect(result).toMatchObject({
      isComplete: true,
      numExtracted: 11,
      numImages: 11,
      numLeft: 0,
      skipped: [],
    });
    const rows = [...(await rowsOf(out)).values()];
    expect(rows.map(({ imageId }) => imageId)).toEqual(Array.from({ length: 11 }, (_, i) => pictureId(i)));
    rows.forEach((row, i) => {
      // Means of red, green, blue and the number of the box; integers are exact in float16.
      expect([...row.features]).toEqual([10 + i, 200 - i, 7, 0, 10 + i, 200 - i, 7, 1]);
      expect([...row.boxes.subarray(4)]).toEqual([0, 0, (12 + (i % 3)) / 2, 4]);
      expect([row.width, row.height, row.numBoxes]).toEqual([12 + (i % 3), 8, 2]);
      expect(row.objectsId).toEqual(BigInt64Array.of(3n, 4n));
    });
    expect((await verifyStore(out)).problems).toEqual([]);
    expect(existsSync(`${out}.extracting`)).toBe(false);
  });

  it('says which detector made it, and from which pictures', async () => {
    const out = newPath();
    await extract(photos, out);
    expect(storeInfo(out)).toMatchObject({ provenance: plainRegions().provenance });
    const [shard] = openShards(out);
    expect(shard?.metadata.contentHashes?.[5]).toBe(digestOf(pictureFile(photos, 5)));
  });

  it('has the same bytes for pictures one at a time and four at a time', async () => {
    const [one, four] = [newPath(), newPath()];
    await extract(photos, one);
    expect((await extract(photos, four, { batchSize: 4 })).numDetections).toBe(11);
    expect(digestOf(four)).toBe(digestOf(one));
  });

  it('takes its shards from --shard-images and its room from the profile', async () => {
    const out = newPath();
    await extract(photos, out, { shardImages: 4, dtype: 'float32' });
    const shards = openShards(out);
    expect(shards.map(({ numImages }) => numImages)).toEqual([4, 4, 3]);
    expect(shards[0]?.layout).toEqual({ numBoxes: 3, featureSize: 4, dtype: 'float32' });
  });
});

describe('a TSV file', () => {
  it('has the published form, and a file beside it that says where it comes from', async () => {
    const out = newPath('.tsv');
    const result = await extract(photos, out);
    expect(result.numImages).toBe(11);
    const ids: string[] = [];
    for await (const { row, lineEnding } of readObj36(out)) {
      expect(lineEnding).toBe('\r\n');
      ids.push(row.imageId);
    }
    expect(ids).toEqual(Array.from({ length: 11 }, (_, i) => pictureId(i)));
    const stated = await readTsvProvenance(out);
    expect(stated?.provenance).toEqual(plainRegions().provenance);
    expect(stated?.contentHashes.get(pictureId(2))).toBe(digestOf(pictureFile(photos, 2)));
  });

  it('is added to like a store', async () => {
    const source = copyPhotos();
    const [out, whole] = [newPath('.tsv'), newPath('.tsv')];
    await extract(source, out);
    await paint(pictureFile(source, 30), [90, 91, 92]);
    expect((await extract(source, out)).numDetections).toBe(1);
    await extract(source, whole);
    expect(digestOf(out)).toBe(digestOf(whole));
  });

  it('of unknown origin is left alone', async () => {
    const out = newPath('.tsv');
    writeFileSync(out, 'something');
    await expect(extract(photos, out)).rejects.toThrow(/nothing says which detector made it/);
    expect(readFileSync(out, 'utf8')).toBe('something');
  });
});

describe('an output that is there', () => {
  it('is not touched when nothing has changed, also when times have', async () => {
    const source = copyPhotos();
    const out = newPath();
    await extract(source, out);
    const before = digestOf(out);
    utimesSync(pictureFile(source, 3), 1, 1);
    expect(await extract(source, out)).toMatchObject({
      isComplete: true,
      numDetections: 0,
      numExtracted: 0,
      numImages: 11,
    });
    expect(digestOf(out)).toBe(before);
    expect(existsSync(`${out}.extracting`)).toBe(false);
  });

  it('gets new pictures at its end, changed ones in their places, and keeps those that are gone', async () => {
    const source = copyPhotos();
    const out = newPath();
    await extract(source, out);
    await paint(pictureFile(source, 4), [99, 98, 97]);
    rmSync(pictureFile(source, 6));
    await paint(path.join(source, 'a-new-one.png'), [50, 60, 70]);
    expect(await extract(source, out)).toMatchObject({ numDetections: 2, numExtracted: 2, numImages: 12 });
    const rows = await rowsOf(out);
    expect([...rows.keys()]).toEqual([...Array.from({ length: 11 }, (_, i) => pictureId(i)), 'a-new-one']);
    expect(rows.get(pictureId(4))?.features[0]).toBe(99);
    expect(rows.get(pictureId(6))?.features[0]).toBe(16);
    expect((await verifyStore(out)).problems).toEqual([]);
  });

  it('of another detector, precision or format is refused and stays as it is', async () => {
    const out = newPath();
    await extract(photos, out);
    const before = digestOf(out);
    const other = extract(photos, out, { detector: plainRegions({ precision: 'bfloat16' }) });
    await expect(other).rejects.toThrow(UsageError);
    await expect(other).rejects.toThrow(/precision "float32", here it is "bfloat16"/);
    await expect(extract(photos, out, { dtype: 'float32' })).rejects.toThrow(
      /dtype "float16", here it is "float32"/,
    );
    expect(digestOf(out)).toBe(before);
  });

  it('that is something else is refused', async () => {
    await expect(extract(photos, photos)).rejects.toThrow(/neither empty nor a feature store/);
    await expect(extract(photos, pictureFile(photos, 0))).rejects.toThrow(
      /is a file; a feature store is a folder/,
    );
  });

  it('comes back when a process died between taking it away and putting the new one there', async () => {
    const source = copyPhotos();
    const out = newPath();
    await extract(source, out);
    mkdirSync(`${out}.extracting`);
    renameSync(out, path.join(`${out}.extracting`, 'previous'));
    await paint(path.join(source, 'z-new.png'), [50, 60, 70]);
    expect(await extract(source, out)).toMatchObject({ numDetections: 1, numImages: 12 });
  });
});

describe('pictures that give no features', () => {
  it('are skipped, told of at once and listed at the end; the others are written', async () => {
    const source = copyPhotos();
    writeFileSync(pictureFile(source, 1), 'no picture');
    writeFileSync(pictureFile(source, 2), readFileSync(pictureFile(source, 2)).subarray(0, 60));
    writeFileSync(pictureFile(source, 3), '');
    await paint(pictureFile(source, 5), [0, 0, 0]);
    const told: string[] = [];
    const out = newPath();
    const result = await extract(source, out, { onSkip: ({ id }) => told.push(id) });
    expect(result).toMatchObject({ isComplete: true, numImages: 7 });
    expect(result.skipped.map(({ id }) => id)).toEqual([1, 2, 3, 5].map(pictureId));
    expect(told.sort()).toEqual([1, 2, 3, 5].map(pictureId));
    const reasons = result.skipped.map(({ reason }) => reason);
    expect(reasons[0]).toMatch(/picture-001\.png is not a JPEG/);
    expect(reasons[1]).toMatch(/picture-002\.png .*damaged or cut short/);
    expect(reasons[2]).toMatch(/picture-003\.png is empty/);
    expect(reasons[3]).toMatch(/proposes no region in .*picture-005\.png/);
    // Mended, they are extracted the next time.
    copyFileSync(pictureFile(photos, 1), pictureFile(source, 1));
    const again = await extract(source, out);
    expect(again).toMatchObject({ numImages: 8, numExtracted: 1 });
    expect(again.skipped.map(({ id }) => id)).toEqual([2, 3, 5].map(pictureId));
  });

  it('are an error when they are all there is, and leave no output', async () => {
    const source = newPath();
    mkdirSync(source);
    writeFileSync(pictureFile(source, 1), 'no picture');
    const out = newPath();
    await expect(extract(source, out)).rejects.toThrow(/No image gave features\. The first: .*not a JPEG/);
    expect(existsSync(out)).toBe(false);
    // Mended, they are extracted.
    copyFileSync(pictureFile(photos, 1), pictureFile(source, 1));
    expect(await extract(source, out)).toMatchObject({ numImages: 1 });
  });

  it('a picture with fewer regions than the profile asks for is written and counted', async () => {
    const source = copyPhotos();
    await paint(pictureFile(source, 5), [3, 3, 3]);
    expect(await extract(source, newPath())).toMatchObject({ numImages: 11, numShort: 1 });
  });
});

describe('a job that was stopped', () => {
  it('goes on where it was, to the same bytes', async () => {
    const [out, whole] = [newPath(), newPath()];
    await extract(photos, whole);
    let numDetections = 0;
    for (let run = 0; run < 20; run++) {
      const controller = new AbortController();
      let numUpdates = 0;
      const result = await extract(photos, out, {
        signal: controller.signal,
        // The first update is made before any picture; each stop comes after one picture more.
        progress: { update: () => (numUpdates++ >= 1 ? controller.abort() : undefined) },
      });
      numDetections += result.numDetections;
      if (result.isComplete) break;
      expect(result.wasInterrupted).toBe(true);
      expect(existsSync(out)).toBe(false);
    }
    expect(numDetections).toBe(NUM_PHOTOS);
    await extract(photos, out);
    expect(digestOf(out)).toBe(digestOf(whole));
  });

  it('keeps its rows when the list has grown', async () => {
    const source = copyPhotos();
    const out = newPath();
    const controller = new AbortController();
    const stopped = await extract(source, out, {
      signal: controller.signal,
      progress: { update: (done) => (done >= 6 ? controller.abort() : undefined) },
    });
    expect(stopped).toMatchObject({ isComplete: false, numImages: null });
    await paint(path.join(source, 'a-new-one.png'), [50, 60, 70]);
    const rest = await extract(source, out);
    expect(rest.numImages).toBe(12);
    expect(stopped.numDetections + rest.numDetections).toBe(12);
  });

  it('is not gone on with by another detector', async () => {
    const out = newPath();
    const controller = new AbortController();
    controller.abort();
    await extract(photos, out, { signal: controller.signal });
    const other = extract(photos, out, { detector: plainRegions({ minBoxes: 1 }) });
    await expect(other).rejects.toThrow(/begun with minBoxes 2, here it is 1/);
  });
});

describe('given boxes', () => {
  const boxesFile = (lines: Record<string, number[][]>): string => {
    const file = newPath('.jsonl');
    const texts = Object.entries(lines).map(([image, boxes]) => JSON.stringify({ image, boxes }));
    writeFileSync(file, texts.join('\n'));
    return file;
  };
  const all = Object.fromEntries(
    Array.from({ length: NUM_PHOTOS }, (_, i) => [pictureId(i), [[1, 2, 3, 4 + (i % 2)]]]),
  );

  it('are described as they are, and the output says so', async () => {
    const out = newPath();
    const result = await extract(photos, out, { boxes: await GivenBoxes.read(boxesFile(all)) });
    expect(result).toMatchObject({ numImages: 11, numShort: 0 });
    const rows = await rowsOf(out);
    expect([...(rows.get(pictureId(3))?.boxes ?? [])]).toEqual([1, 2, 3, 5]);
    expect(storeInfo(out).provenance.settings).toEqual({
      profile: 'plain',
      precision: 'float32',
      featureRange: '0,255',
      boxes: 'given',
    });
    // Boxes that were found are something else.
    await expect(extract(photos, out)).rejects.toThrow(/boxes "given", here it is not stated/);
  });

  it('that have changed are described anew, the others are not', async () => {
    const out = newPath();
    await extract(photos, out, { boxes: await GivenBoxes.read(boxesFile(all)) });
    const changed = { ...all, [pictureId(8)]: [[0, 0, 5, 5]] };
    const again = await extract(photos, out, { boxes: await GivenBoxes.read(boxesFile(changed)) });
    expect(again.numDetections).toBe(1);
    expect([...((await rowsOf(out)).get(pictureId(8))?.boxes ?? [])]).toEqual([0, 0, 5, 5]);
  });

  it('outside the picture or missing: the picture is skipped', async () => {
    const { [pictureId(2)]: _, ...some } = { ...all, [pictureId(1)]: [[1, 2, 300, 4]] };
    const { skipped } = await extract(photos, newPath(), { boxes: await GivenBoxes.read(boxesFile(some)) });
    expect(skipped.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/box 0 \(1, 2, 300, 4\) leaves the image, which is 13 x 8 pixels/),
      expect.stringMatching(/has no boxes for image picture-002/),
    ]);
  });

  it('a TSV file gives its boxes; a wrong line is named', async () => {
    const tsv = newPath('.tsv');
    await extract(photos, tsv);
    const boxes = await GivenBoxes.read(tsv);
    expect([...boxes.boxesOf(pictureId(1))]).toEqual([0, 0, 13, 8, 0, 0, 6.5, 4]);
    const wrong = boxesFile({ a: [[1, 2, 3]] });
    await expect(GivenBoxes.read(wrong)).rejects.toThrow(/line 1, key 'boxes\.0/);
    writeFileSync(wrong, '{"image": 5, "boxes": [[1,2,3,4]]}\n{"image": "5", "boxes": [[1,2,3,4]]}\n');
    await expect(GivenBoxes.read(wrong)).rejects.toThrow(/line 2: image 5 already has boxes/);
  });
});
