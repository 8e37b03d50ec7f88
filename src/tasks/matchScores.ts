/** @file How well sentences fit images, by the cross-modality matching head. */

import { setImmediate } from 'node:timers/promises';
import { type Progress, silentProgress } from '../common/progress.js';
import { sequentialBatches } from '../data/epochSampler.js';
import type { Tensor } from '../torch/index.js';
import type { ImageSentence, RegionSource } from './batchInputs.js';
import { withProbabilities } from './predict.js';
import type { Predictor } from './predictor.js';
import type { TaskHead } from './task.js';

/**
 * The head that pre-training trains to tell a sentence of the image from another image's: one dense layer on the pooled
 * vector. Of its two outputs the second means that they belong together, as in the published weights.
 */
export const MATCH_HEAD = {
  name: 'match',
  prefix: 'cls.seq_relationship',
  form: 'linear',
  size: 2,
} as const satisfies TaskHead<'match'>;

/** A model that has the matching head, with others or without. */
export type MatchingModel = Predictor<'match'>;

interface MatchScoresOptions {
  /** Pairs at a time. */
  readonly batchSize: number;
  /** Told how many pairs are done. */
  readonly progress?: Progress;
  /** Aborting ends the work after the batch at hand, with an AbortError. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Scores every sentence with every image.
 *
 * A batch is a square of some images and equally many sentences, each of which is encoded once in it: of b pairs at a time
 * both streams cost 1/sqrt(b) of what they cost pair by pair, and what is left is the cross-modality layers.
 *
 * @returns (images, sentences) row-major: the log odds of belonging together, which order pairs whose probabilities
 * both round to 1
 */
export async function matchScores(
  model: MatchingModel,
  source: RegionSource,
  imageIds: readonly string[],
  sentences: readonly string[],
  { batchSize, progress = silentProgress, signal }: MatchScoresOptions,
): Promise<Float32Array> {
  const scores = new Float32Array(imageIds.length * sentences.length);
  const side = Math.max(1, Math.floor(Math.sqrt(batchSize)));
  let numDone = 0;
  for (const images of sequentialBatches(imageIds.length, side)) {
    for (const texts of sequentialBatches(sentences.length, Math.floor(batchSize / images.length))) {
      signal?.throwIfAborted();
      const pairs = images.flatMap((image) => texts.map((text) => [image, text] as const));
      const examples = pairs.map(([image, text]): ImageSentence => {
        return { imageIds: [imageIds[image] ?? ''], sentence: sentences[text] ?? '' };
      });
      const odds = withProbabilities(model, source, examples, ({ match }) => logOdds(match));
      for (const [i, [image, text]] of pairs.entries())
        scores[image * sentences.length + text] = odds[i] ?? 0;
      numDone += pairs.length;
      progress.update(numDone, scores.length);
      // Lets signals and timers through between batches.
      await setImmediate();
    }
  }
  return scores;
}

/** @param probabilities (B, 2) */
function logOdds(probabilities: Tensor): number[] {
  const values = probabilities.toFloat32Array();
  return Array.from({ length: values.length / 2 }, (_, row) => {
    const [other = 0, match = 0] = values.subarray(2 * row, 2 * row + 2);
    return Math.log(match) - Math.log(other);
  });
}
