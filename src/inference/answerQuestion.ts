/** @file One question about one image: its regions from a file, a store or its own pixels. */

import { statSync } from 'node:fs';
import { UsageError } from '../common/errors.js';
import { batchFromRows, FeatureStore, readFeatureRow } from '../features/index.js';
import type { RegionSource } from '../tasks/answerInputs.js';
import { type AnsweringModel, type RankedAnswer, rankAnswers } from '../tasks/predictAnswers.js';
import { decodeImage } from '../vision/decodeImage.js';
import { pixelExtractor } from '../vision/pixelExtractor.js';

/** Regions of one image, whatever id they are asked for by; to be disposed. */
export type ImageRegionSource = RegionSource & Disposable;

/** How a model expects regions to be made from pixels; undefined when it was trained on a detector's. */
export interface PixelRegionSettings {
  readonly numBoxes: number;
}

/**
 * The regions of an image: by id from a feature store or an obj36 TSV file, or from the pixels of a picture.
 *
 * @param image a file, or with `features` an image id
 * @param pixels from the model's run
 * @throws UsageError when the model was not trained on pixel regions and no features are named
 */
export async function regionsFor(
  image: string,
  features: string | undefined,
  pixels: PixelRegionSettings | undefined,
): Promise<ImageRegionSource> {
  if (features !== undefined) {
    const isTable = statSync(features).isFile() && !features.endsWith('.safetensors');
    if (!isTable) return FeatureStore.open(features);
    const row = await readFeatureRow(features, image);
    return { gather: (ids) => batchFromRows(ids.map(() => row)), [Symbol.dispose]: () => undefined };
  }
  if (pixels === undefined) {
    throw new UsageError(
      'This model was trained on the region features of a detector, so it cannot look at a bare picture. Name the image id, and with --features a store or obj36 TSV file that holds it.',
    );
  }
  if (statSync(image, { throwIfNoEntry: false }) === undefined) {
    throw new UsageError(
      `There is no picture '${image}'. To ask about an image by its id, name its --features.`,
    );
  }
  const regions = pixelExtractor({ numBoxes: pixels.numBoxes }).extract(await decodeImage(image));
  const { numBoxes } = regions;
  const row = {
    ...regions,
    imageId: 'picture',
    objectsId: new BigInt64Array(numBoxes),
    objectsConf: new Float32Array(numBoxes),
    attrsId: new BigInt64Array(numBoxes),
    attrsConf: new Float32Array(numBoxes),
  };
  return { gather: (ids) => batchFromRows(ids.map(() => row)), [Symbol.dispose]: () => undefined };
}

/** The most probable answers, best first. */
export function answerQuestion(
  answering: AnsweringModel,
  regions: RegionSource,
  imageId: string,
  question: string,
  numBest: number,
): RankedAnswer[] {
  const [answers = []] = rankAnswers(
    answering,
    regions,
    [{ imageIds: [imageId], sentence: question }],
    numBest,
  );
  return answers;
}
