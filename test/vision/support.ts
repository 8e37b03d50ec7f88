/** @file Pictures for the tests of src/vision, and what other decoders made of them. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RgbImage } from '../../src/common/rgbImage.js';
import { publishedPath } from '../support/published.js';

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

/** What OpenCV made of one photo. */
export interface GoldenPhoto {
  readonly name: string;
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

/** The photos of test/published/images, and what makeFixtures.py wrote of them. */
export function goldenPhotos(): (GoldenPhoto & { readonly file: string })[] {
  const text = readFileSync(publishedPath('images', 'photos.json'), 'utf8');
  const { photos } = JSON.parse(text) as { photos: GoldenPhoto[] };
  return photos.map((photo) => ({ ...photo, file: publishedPath('images', photo.name) }));
}
