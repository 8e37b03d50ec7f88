/** @file Pictures read, decoded and made ready for the detector while it is still at work on others. */

import { stat } from 'node:fs/promises';
import { LxmertError } from '../common/errors.js';
import type { RgbImage } from '../common/rgbImage.js';
import { findBoxProblem } from '../features/files.js';
import { sha256Of } from '../formats/hashes/sha256.js';
import { decodeImage } from '../vision/decodeImage.js';
import type { DetectedRegions, PreparedImage } from '../vision/detector/index.js';
import type { ImageFile } from '../vision/imageFiles.js';
import { readPicture, readPictureSync } from '../vision/pictureFile.js';
import type { PictureFile } from './contentHash.js';
import type { DescribedPicture, SkippedPicture } from './describedPicture.js';
import { type GivenBoxes, pixelBoxesOf, type StatedBoxes } from './givenBoxes.js';
import type { Detector } from './settings.js';

/** A picture that is ready for the detector. */
export interface LoadedPicture {
  readonly image: ImageFile;
  readonly picture: PictureFile;
  readonly prepared: PreparedImage;
  /** (n, 4) in pixels, where they are given. */
  readonly boxes: Float32Array | undefined;
}

/** Never fails for what is wrong with one picture. */
export async function loadPicture(
  image: ImageFile,
  detector: Pick<Detector, 'prepare' | 'requireSize'>,
  given: GivenBoxes | undefined,
): Promise<LoadedPicture | SkippedPicture> {
  return await orSkipped(image, async () => {
    // Before a picture is read for nothing.
    const boxes = given?.of(image.id);
    const { mtimeMs: modified } = await stat(image.file);
    const read = { bytes: await readPicture(image.file), modified };
    const { decoded, ...loaded } = await decodePicture(
      image,
      read,
      boxes,
      detector.requireSize?.bind(detector),
    );
    return { ...loaded, prepared: detector.prepare(decoded) };
  });
}

/** The same with the regions of a picture. Never fails for what is wrong with one picture. */
export async function describePicture(
  image: ImageFile,
  describe: (decoded: RgbImage, boxes: Float32Array | undefined) => DetectedRegions,
  given: StatedBoxes | undefined,
): Promise<DescribedPicture | SkippedPicture> {
  return await orSkipped(image, async () => {
    const { decoded, picture, boxes } = await decodePicture(image, readPictureSync(image.file), given);
    return { image, picture, regions: describe(decoded, boxes) };
  });
}

/** @throws LxmertError for a picture that cannot be decoded, and for boxes that do not lie in it */
async function decodePicture(
  image: ImageFile,
  { bytes, modified }: { readonly bytes: Uint8Array; readonly modified: number },
  given: StatedBoxes | undefined,
  requireSize?: (width: number, height: number) => void,
): Promise<Omit<LoadedPicture, 'prepared'> & { decoded: RgbImage }> {
  const picture = { sha256: sha256Of(bytes), numBytes: bytes.byteLength, modified };
  const decoded = await decodeImage(bytes, { name: image.file, requireSize });
  const { width, height } = decoded;
  const boxes = given && pixelBoxesOf(given, width, height);
  if (boxes !== undefined) {
    const problem = findBoxProblem(boxes, boxes.length / 4, width, height);
    if (problem !== undefined) throw new LxmertError(`In ${given?.file}, ${problem}`);
  }
  return { image, picture, boxes, decoded };
}

/** What `load` gives; or why the picture is passed over. */
export async function orSkipped<T>(image: ImageFile, load: () => Promise<T>): Promise<T | SkippedPicture> {
  try {
    return await load();
  } catch (error) {
    if (error instanceof LxmertError) return { image, reason: error.message };
    if (error instanceof Error && 'code' in error) {
      return { image, reason: `${image.file} cannot be read: ${error.message}.` };
    }
    throw error;
  }
}

/** Results of `load`, in order, with up to `numPrefetched` begun before they are asked for. */
export async function* prefetchLoads<T, R>(
  items: readonly T[],
  numPrefetched: number,
  load: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const begun: Promise<R>[] = [];
  let next = 0;
  const begin = (): void => {
    const work = load(items[next++] as T);
    // Whoever waits for it hears of a failure; until then it must not count as unhandled.
    work.catch(() => undefined);
    begun.push(work);
  };
  while (next < items.length || begun.length > 0) {
    while (next < items.length && begun.length <= numPrefetched) begin();
    yield await (begun.shift() as Promise<R>);
  }
}

/**
 * Gathers pictures whose inputs have one size, `batchSize` at a time: none is padded, since padding would change its
 * features. What is left comes at the end in smaller batches.
 */
export async function* batchesOfOneSize(
  pictures: AsyncIterable<LoadedPicture>,
  batchSize: number,
): AsyncGenerator<LoadedPicture[], void, undefined> {
  const waiting = new Map<string, LoadedPicture[]>();
  for await (const picture of pictures) {
    const { height, width } = picture.prepared.input;
    const size = `${height} x ${width}`;
    const batch = [...(waiting.get(size) ?? []), picture];
    if (batch.length < batchSize) waiting.set(size, batch);
    else {
      waiting.delete(size);
      yield batch;
    }
  }
  yield* waiting.values();
}
