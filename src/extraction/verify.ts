/** @file Looking at pictures anew, to say how well the features of a file agree with the detector. */

import { setImmediate } from 'node:timers/promises';
import { LxmertError, UsageError } from '../common/errors.js';
import type { Progress } from '../common/progress.js';
import type { DetectedRegions } from '../vision/detector/index.js';
import type { ImageFile } from '../vision/imageFiles.js';
import { compareRows, type ImageAgreement } from './agreement.js';
import { rowsOf } from './keptRows.js';
import { loadPicture, prefetchLoads } from './loadPictures.js';
import type { Detector, SkippedImage } from './settings.js';

export interface VerificationOptions {
  readonly images: readonly ImageFile[];
  readonly detector: Detector;
  /** A TSV file, or a store. */
  readonly reference: string;
  /** Told of each image as it is done. */
  readonly onImage?: (agreement: ImageAgreement) => void;
  readonly progress?: Progress;
  readonly signal?: AbortSignal | undefined;
}

export interface Verification {
  readonly reference: string;
  readonly images: readonly ImageAgreement[];
  readonly numAgreeing: number;
  /** Pictures that the reference has no row for. */
  readonly numWithoutRow: number;
  /** Pictures that could not be read. */
  readonly skipped: readonly SkippedImage[];
  readonly wasInterrupted: boolean;
}

/**
 * Compares the pictures that a file has rows for: which boxes are found, and what is computed on the file's own boxes.
 *
 * @throws UsageError when the file has a row for none of the pictures; LxmertError when a row is broken, or of another
 * detector or picture
 */
export async function verifyFeatures(options: VerificationOptions): Promise<Verification> {
  const { images, detector, reference, signal } = options;
  const rows = new Map((await rowsOf(reference)).map((row) => [row.imageId, row]));
  const listed = images.filter(({ id }) => rows.has(id));
  if (listed.length === 0) {
    throw new UsageError(
      `${reference} has a row for none of the pictures: the first picture's id is ${images[0]?.id}, the first row's ${[...rows.keys()][0]}.`,
    );
  }
  const agreements: ImageAgreement[] = [];
  const skipped: SkippedImage[] = [];
  const load = (image: ImageFile) => loadPicture(image, detector, undefined);
  for await (const loaded of prefetchLoads(listed, 1, load)) {
    if (signal?.aborted) break;
    const { image } = loaded;
    if (!('prepared' in loaded)) {
      skipped.push({ id: image.id, file: image.file, reason: loaded.reason });
      continue;
    }
    const row = await rows.get(image.id)?.read();
    if (row === undefined) throw new LxmertError(`${reference} has lost its row for image ${image.id}.`);
    const found = detector.detectBatch([loaded.prepared])[0] as DetectedRegions;
    const described = detector.describeBoxes(loaded.prepared, row.boxes);
    const agreement = compareRows(row, { imageId: image.id, ...found }, described);
    agreements.push(agreement);
    options.onImage?.(agreement);
    options.progress?.update(agreements.length + skipped.length, listed.length);
    await setImmediate();
  }
  return {
    reference,
    images: agreements,
    numAgreeing: agreements.filter(({ agrees }) => agrees).length,
    numWithoutRow: images.length - listed.length,
    skipped,
    wasInterrupted: signal?.aborted === true,
  };
}
