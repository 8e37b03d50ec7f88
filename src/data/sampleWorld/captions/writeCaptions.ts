/** @file Writes the pre-training files of a sample world: captions, and questions with answers, by picture. */

import path from 'node:path';
import { Random } from '../../../common/random.js';
import { writeJsonArray } from '../../annotations/jsonWriter.js';
import type { SampleSplit, SceneSource } from '../sceneSource.js';
import { describeScene } from './describeScene.js';

export const CAPTION_SPLITS = ['train', 'minival'] as const satisfies readonly SampleSplit[];
export type CaptionSplit = (typeof CAPTION_SPLITS)[number];

/** Where the files lie, relative to the world's folder. */
export const CAPTION_FILES = {
  sentences: (split: string) => path.join('captions', `${split}.json`),
} as const;

/**
 * Writes the sentences of each picture by source, and the labels of those that are questions, in the layout of the
 * reference's aggregated pre-training files. The questions are the VQA-style ones of the same split.
 *
 * @param onSentence told every sentence that is written
 * @returns the number of captions of each split
 */
export async function writeCaptions(
  folder: string,
  source: SceneSource,
  onSentence: (sentence: string) => void,
  signal?: AbortSignal,
): Promise<Record<CaptionSplit, number>> {
  const counts = { train: 0, minival: 0 };
  for (const split of CAPTION_SPLITS) {
    const images = function* (): Generator<object> {
      for (let i = 0; i < source.numImages[split]; i++) {
        signal?.throwIfAborted();
        const { scene, questions } = source.asked(split, i);
        const captions = describeScene(
          scene,
          source.captionsPerImage,
          Random.derive(source.seed, `captions ${scene.imageId}`),
        );
        const sentences = questions.map((question) => question.sentence);
        counts[split] += captions.length;
        for (const sentence of [...captions, ...sentences]) onSentence(sentence);
        yield {
          img_id: scene.imageId,
          sentf: { mscoco: captions, vqa: sentences },
          labelf: { vqa: questions.map((question) => Object.fromEntries(question.labels)) },
        };
      }
    };
    await writeJsonArray(path.join(folder, CAPTION_FILES.sentences(split)), images());
  }
  return counts;
}
