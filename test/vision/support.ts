/** @file Pictures for the tests of src/vision, and what other decoders made of them. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RgbImage } from '../../src/common/rgbImage.js';
import { sharedPath } from '../support/shared.js';

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), 'fixtures');

/** A file that makeFixtures.py made. */
export function fixture(name: string): string {
  return path.join(folder, name);
}

/** A JSON file that makeFixtures.py made. */
export function fixtureJson<T>(name: string): T {
  return JSON.parse(readFileSync(fixture(name), 'utf8')) as T;
}

/** The digest of a picture's bytes in OpenCV's order: blue, green, red. */
export function bgrSha256(image: RgbImage): string {
  const bgr = Uint8Array.from(image.data);
  for (let i = 0; i < bgr.length; i += 3) {
    bgr[i] = image.data[i + 2] as number;
    bgr[i + 2] = image.data[i] as number;
  }
  return sha256(bgr);
}

export function sha256(array: Uint8Array | Float32Array): string {
  return createHash('sha256')
    .update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
    .digest('hex');
}

/** What OpenCV 5.0.0 made of one photo of the reference material. */
export interface GoldenPhoto {
  readonly name: string;
  readonly file: string;
  readonly height: number;
  readonly width: number;
  readonly bgrSha256: string;
  readonly scale: number;
  readonly inputHeight: number;
  readonly inputWidth: number;
  /** Blue, green, red. */
  readonly means: readonly number[];
  readonly samples: readonly { readonly at: readonly [number, number, number]; readonly value: number }[];
}

export function goldenPhotos(): GoldenPhoto[] {
  const text = readFileSync(sharedPath('data', 'images', 'golden-decode-preprocess.tsv'), 'utf8');
  const [header, ...rows] = text.trim().split('\n');
  const columns = (header as string).split('\t');
  return rows.map((row) => {
    const fields = row.split('\t');
    const field = (name: string) => fields[columns.indexOf(name)] as string;
    return {
      name: field('file'),
      file: sharedPath('data', 'images', field('file')),
      height: Number(field('h')),
      width: Number(field('w')),
      bgrSha256: field('bgr_sha256'),
      scale: Number(field('im_scale')),
      inputHeight: Number(field('blob_h')),
      inputWidth: Number(field('blob_w')),
      means: ['mean_b', 'mean_g', 'mean_r'].map((name) => Number(field(name))),
      samples: field('samples(c:y:x=value)')
        .split(' ')
        .map((sample) => {
          const [place, value] = sample.split('=') as [string, string];
          return { at: place.split(':').map(Number) as [number, number, number], value: Number(value) };
        }),
    };
  });
}
