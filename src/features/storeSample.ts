/** @file A look at some images of a store: whether their numbers can be features and boxes at all. */

import { closeSync, openSync, readSync } from 'node:fs';
import { LxmertError } from '../common/errors.js';
import { float16ToFloat32 } from '../formats/float16.js';
import { describeBoxForm, findOtherForm, type PictureBoxes } from './boxForms.js';
import { type BoxReach, joinReach, reachOf } from './boxReach.js';
import {
  findSummaryProblem,
  joinSummaries,
  NO_VALUES,
  rangeOf,
  summarizeValues,
  type ValueSummary,
} from './featureValues.js';
import { findBoxProblem } from './row.js';
import type { Shard } from './shardFile.js';
import type { ShardTensorName } from './shardFormat.js';

/** What some images hold. */
export interface StoreSample {
  readonly numImages: number;
  readonly values: ValueSummary;
  /** How far the boxes reach, as shares of their pictures' sides. */
  readonly reach: BoxReach;
  /** The first thing that is wrong, as a sentence with the image's id. */
  readonly problem: string | undefined;
}

/** An image's numbers, without padding. */
interface SampledImage extends PictureBoxes {
  readonly imageId: string;
  readonly features: Float32Array;
}

/**
 * Reads some images, spread evenly over a store: one read for the features of each, and three small ones.
 *
 * @throws LxmertError when a shard can no longer be read
 */
export function sampleStore(shards: readonly Shard[], numImages: number): StoreSample {
  const images = readSample(shards, numImages);
  let values = NO_VALUES;
  let reach: BoxReach = { x: 0, y: 0 };
  let problem: string | undefined;
  const range = shards[0] === undefined ? undefined : rangeOf(shards[0].metadata.provenance);
  for (const image of images) {
    const found = summarizeValues(image.features);
    values = joinSummaries(values, found);
    reach = joinReach(reach, reachOf(image));
    const { boxes, width, height } = image;
    const wrong = findSummaryProblem(found, range) ?? findBoxProblem(boxes, boxes.length / 4, width, height);
    if (wrong !== undefined) problem ??= `image ${image.imageId}: ${wrong}`;
  }
  problem ??= findFormProblem(images);
  return { numImages: images.length, values, reach, problem };
}

/** Images of each store that are looked at when it is opened for a run: 1.2 MB of float16 features, some milliseconds. */
const OPENING_SAMPLE = 8;

/** @throws LxmertError for a store whose numbers cannot be what a run would take them for */
export function requireSoundSample(store: string, shards: readonly Shard[]): void {
  const { problem } = sampleStore(shards, OPENING_SAMPLE);
  if (problem === undefined) return;
  throw new LxmertError(
    `The feature store ${store} cannot be used: ${problem} ` +
      `What else is wrong says: lxmert features verify ${store}. ` +
      'Convert its TSV file anew, which tells number types and boxes of other forms; for another detector state the range ' +
      "of its values (--feature-range, or settings.featureRange in the store's provenance).",
  );
}

/** Says of boxes as they are stored that they plainly have another form. */
export function findFormProblem(pictures: readonly PictureBoxes[]): string | undefined {
  const form = findOtherForm(pictures);
  return form === undefined
    ? undefined
    : `the boxes of its images are no corners in pixels (x1, y1, x2, y2); they fit as ${describeBoxForm(form)}.`;
}

function readSample(shards: readonly Shard[], numWanted: number): SampledImage[] {
  const numImages = shards.reduce((sum, shard) => sum + shard.numImages, 0);
  const places = new Set<number>();
  const numTaken = Math.min(numWanted, numImages);
  for (let i = 0; i < numTaken; i++)
    places.add(Math.floor((i * (numImages - 1)) / Math.max(1, numTaken - 1)));
  const images: SampledImage[] = [];
  let first = 0;
  for (const shard of shards) {
    const rows = [...places].filter((place) => place >= first && place < first + shard.numImages);
    if (rows.length > 0)
      images.push(
        ...readImages(
          shard,
          rows.map((place) => place - first),
        ),
      );
    first += shard.numImages;
  }
  return images;
}

function readImages(shard: Shard, rows: readonly number[]): SampledImage[] {
  const { numBoxes: room, featureSize, dtype } = shard.layout;
  const handle = openSync(shard.path, 'r');
  try {
    return rows.flatMap((row) => {
      const slice = (name: ShardTensorName) => {
        const { byteOffset, numBytes } = shard.tensors[name];
        const imageBytes = numBytes / shard.numImages;
        return readExactly(handle, shard.path, byteOffset + row * imageBytes, imageBytes);
      };
      const n = Number(new BigInt64Array(slice('num_boxes'))[0]);
      // An impossible number is told by whoever reads the image.
      if (!(n >= 1 && n <= room)) return [];
      const [height, width] = Array.from(new BigInt64Array(slice('sizes')), Number) as [number, number];
      const stored = slice('features');
      const features = new Float32Array(n * featureSize);
      if (dtype === 'float16')
        float16ToFloat32(new Uint16Array(stored).subarray(0, features.length), features);
      else features.set(new Float32Array(stored).subarray(0, features.length));
      const boxes = new Float32Array(slice('boxes')).subarray(0, n * 4);
      return [{ imageId: shard.metadata.imageIds[row] ?? '', features, boxes, width, height }];
    });
  } finally {
    closeSync(handle);
  }
}

function readExactly(handle: number, path: string, position: number, length: number): ArrayBuffer {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const numRead = readSync(handle, bytes, done, length - done, position + done);
    if (numRead === 0) throw new LxmertError(`${path} ends early; it was changed while it was read.`);
    done += numRead;
  }
  return bytes.buffer;
}
