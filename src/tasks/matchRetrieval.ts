/** @file Retrieval by the matching head: sentences ranked for each image of a file, and images for each sentence. */

import type { Question } from '../data/annotations/question.js';
import { formatCount, formatPercent } from '../formats/numbers.js';
import { matchScores } from './matchScores.js';
import { type RecallAt, type RetrievalRecall, retrievalRecall } from './metrics/recall.js';
import type { EvaluatedModel } from './task.js';

/** Recall of the sentences and images of a file; undefined when it was not asked for. */
export interface Retrieval {
  readonly retrieval?: RetrievalRecall & { readonly numImages: number; readonly numSentences: number };
}

/** @throws AbortError once the signal is aborted */
export async function rankPairs(
  { predictor, source, examples, batchSize, progress, notice, signal }: EvaluatedModel<Question, 'match'>,
  { maxImages }: { maxImages?: number | undefined },
): Promise<Retrieval> {
  const { imageIds, sentences, pairs } = distinct(examples, maxImages);
  if (pairs.length === 0) return {};
  const [numImages, numSentences] = [imageIds.length, sentences.length];
  notice(
    `Ranking ${formatCount(numSentences, 'sentence')} and ${formatCount(numImages, 'image')}: ${formatCount(numImages * numSentences, 'pair')}.`,
  );
  const display = progress('Ranking', 'pairs');
  const scores = await matchScores(predictor, source, imageIds, sentences, {
    batchSize,
    progress: display,
    signal,
  }).finally(() => display.stop());
  const of = (image: number, sentence: number): number => scores[image * numSentences + sentence] ?? 0;
  return {
    retrieval: { numImages, numSentences, ...retrievalRecall({ numImages, numSentences, of }, pairs) },
  };
}

/** The images and sentences of the first images, each once: a sentence may stand with several images. */
function distinct(examples: readonly Question[], maxImages = Number.POSITIVE_INFINITY) {
  const imageOf = new Map<string, number>();
  const sentenceOf = new Map<string, number>();
  const pairs: (readonly [image: number, sentence: number])[] = [];
  for (const {
    imageIds: [imageId = ''],
    sentence,
  } of examples) {
    if (!imageOf.has(imageId)) {
      if (imageOf.size >= maxImages) continue;
      imageOf.set(imageId, imageOf.size);
    }
    if (!sentenceOf.has(sentence)) sentenceOf.set(sentence, sentenceOf.size);
    pairs.push([imageOf.get(imageId) ?? 0, sentenceOf.get(sentence) ?? 0]);
  }
  return { imageIds: [...imageOf.keys()], sentences: [...sentenceOf.keys()], pairs };
}

export function renderRetrieval({ retrieval }: Retrieval): string[] {
  if (retrieval === undefined) return [];
  const { numImages, numSentences, sentencesForImage, imagesForSentence } = retrieval;
  const line = (title: string, rows: readonly RecallAt[], of: string): string =>
    `  ${title.padEnd(26)}${rows.map(({ k, recall, chance }) => `${k}: ${formatPercent(recall)} (${formatPercent(chance)})`).join('  ')}  of ${of}`;
  return [
    '',
    'Recall at k (by chance)',
    line('sentences for an image', sentencesForImage, `${numSentences}`),
    line('images for a sentence', imagesForSentence, `${numImages}`),
  ];
}
