/** @file Probabilities of many examples about different images: those about one image together. */

import type { FeatureRow } from '../../features/portable.js';
import type { HeadProbabilities } from '../lxmertRuntime.js';
import type { RuntimeEnsemble } from './ensemble.js';

/** A sentence and the ids of its images: one, or two. */
export interface SentenceAboutImages {
  readonly sentence: string;
  readonly imageIds: readonly string[];
}

export interface AnswerExamplesOptions<T> {
  /** Examples in one pass, at most. */
  readonly batchSize: number;
  /** The regions of an image, each asked for once a group of examples. */
  readonly rowOf: (imageId: string) => FeatureRow | Promise<FeatureRow>;
  /** From probabilities, (B, size) of each head, to one result for each of B examples, which stand at `places`. */
  readonly read: (probabilities: HeadProbabilities, places: readonly number[]) => readonly T[];
  /** Aborting ends the work after the pass at hand, with an AbortError. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks models about many images. Examples about the same image, or the same two, go through the model together, and their
 * regions are encoded once; what one example is told does not depend on examples about other images.
 *
 * @returns one result for each example, in their order
 */
export async function answerExamples<T>(
  models: Pick<RuntimeEnsemble, 'answerBatch'>,
  examples: readonly SentenceAboutImages[],
  { batchSize, rowOf, read, signal }: AnswerExamplesOptions<T>,
): Promise<T[]> {
  const results = new Array<T>(examples.length);
  for (const places of groupedByImages(examples).values()) {
    const [first = 0] = places;
    const rows: FeatureRow[] = [];
    for (const id of examples[first]?.imageIds ?? []) rows.push(await rowOf(id));
    for (let start = 0; start < places.length; start += batchSize) {
      signal?.throwIfAborted();
      const part = places.slice(start, start + batchSize);
      const found = read(
        await models.answerBatch(part.map((place) => ({ sentence: examples[place]?.sentence ?? '', rows }))),
        part,
      );
      for (const [i, place] of part.entries()) results[place] = found[i] as T;
    }
  }
  return results;
}

/** Places of examples by their images. */
function groupedByImages(examples: readonly SentenceAboutImages[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const [place, { imageIds }] of examples.entries()) {
    const key = JSON.stringify(imageIds);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [place]);
    else group.push(place);
  }
  return groups;
}
