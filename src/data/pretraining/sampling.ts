/**
 * @file What pre-training shows of an example: its own sentence or another's, words and regions behind masks, and
 * the answer that is asked for. The rules are the reference's, decision by decision in its order
 * (docs/how-it-works/reference-implementation.md, "Sampling and masking").
 */

import { LxmertError } from '../../common/errors.js';
import type { PretrainingCorpus } from './corpus.js';
import type { Draws } from './draws.js';

export interface SamplingSettings {
  /** Half of the sentences are exchanged for one of another image. */
  readonly matching: boolean;
  /** 0.15 in the paper. */
  readonly wordMaskRate: number;
  /** 0.15 in the paper. */
  readonly regionMaskRate: number;
}

/** What the words are cut from. */
export interface SentencePieces {
  /** Ids of a sentence's pieces, cut to what fits, without [CLS] and [SEP]. */
  piecesOf(sentence: string): readonly number[];
  readonly vocabularySize: number;
  readonly maskId: number;
}

/** A region of another image, whose features stand in for a masked one's. */
export interface Substitute {
  readonly region: number;
  /** The image, as its place in the corpus. */
  readonly fromImage: number;
  readonly fromRegion: number;
}

export interface MaskedRegions {
  /** Of each region: 1 when its features are to be predicted. */
  readonly mask: Uint8Array;
  /** Masked regions that are shown as zeros. */
  readonly zeroed: readonly number[];
  /** Masked regions that are shown with another's features; the rest of the masked stay as they are. */
  readonly substitutes: readonly Substitute[];
}

export interface MaskedWords {
  /** As shown. */
  readonly pieces: readonly number[];
  /** The original piece where it is to be predicted, else -1. */
  readonly labels: readonly number[];
}

/** An example as it is shown once. */
export interface SampledExample {
  readonly example: number;
  readonly isMatched: boolean;
  readonly words: MaskedWords;
  readonly regions: MaskedRegions;
  /** A row of the answer table, or -1 for nothing to be learned. */
  readonly answer: number;
}

/** Of what is chosen for prediction, 80 % is masked, 10 % replaced, and 10 % shown as it is (as BERT does). */
const MASKED_SHARE = 0.8;
const REPLACED_UP_TO = 0.9;

/** A word's or a region's fate: one number decides whether it is chosen, and for what. */
function fateOf(draws: Draws, rate: number): 'kept' | 'masked' | 'replaced' | 'shown' {
  const draw = draws.uniform();
  if (draw >= rate) return 'kept';
  const share = draw / rate;
  if (share < MASKED_SHARE) return 'masked';
  return share < REPLACED_UP_TO ? 'replaced' : 'shown';
}

/** Examples by number, each a sentence of an image. */
export interface ImageSentences {
  readonly size: number;
  /** Whatever tells the images apart. */
  imageOf(example: number): unknown;
}

/**
 * Which example's sentence is shown with this one's image: its own, or with probability 1/2 that of an example of
 * another image.
 *
 * @throws as {@link otherImagesExample}
 */
export function pairSentence(sentences: ImageSentences, example: number, draws: Draws): number {
  return draws.uniform() < 0.5 ? otherImagesExample(sentences, example, draws) : example;
}

/**
 * An example of another image, drawn among all examples until the image differs: an image with many sentences comes
 * more often.
 *
 * @throws LxmertError when there is no other image
 */
export function otherImagesExample(sentences: ImageSentences, example: number, draws: Draws): number {
  requireTwoImages(sentences);
  for (;;) {
    const other = draws.integer(sentences.size);
    if (sentences.imageOf(other) !== sentences.imageOf(example)) return other;
  }
}

/** Without a second image the draws would never end. The first few examples decide it. */
function requireTwoImages(sentences: ImageSentences): void {
  for (let example = 1; example < sentences.size; example++) {
    if (sentences.imageOf(example) !== sentences.imageOf(0)) return;
  }
  throw new LxmertError(
    'Matching needs sentences of at least two images, but there is one. Name sentences of more images; pre-training also goes without matching (--matched-weight 0).',
  );
}

function maskWords(
  pieces: readonly number[],
  { vocabularySize, maskId }: Pick<SentencePieces, 'vocabularySize' | 'maskId'>,
  rate: number,
  draws: Draws,
): MaskedWords {
  const shown = [...pieces];
  const labels = pieces.map((piece, i) => {
    const fate = fateOf(draws, rate);
    if (fate === 'kept') return -1;
    if (fate === 'masked') shown[i] = maskId;
    else if (fate === 'replaced') shown[i] = draws.integer(vocabularySize);
    return piece;
  });
  return { pieces: shown, labels };
}

/**
 * @param numRegionsOf regions of an image, by its place in the corpus
 */
function maskRegions(
  corpus: PretrainingCorpus,
  numRegions: number,
  numRegionsOf: (image: number) => number,
  rate: number,
  draws: Draws,
): MaskedRegions {
  const mask = new Uint8Array(numRegions);
  const zeroed: number[] = [];
  const substitutes: Substitute[] = [];
  for (let region = 0; region < numRegions; region++) {
    const fate = fateOf(draws, rate);
    if (fate === 'kept') continue;
    mask[region] = 1;
    if (fate === 'masked') zeroed.push(region);
    else if (fate === 'replaced') {
      // Of a random example's image: an image with many sentences comes more often, as in the reference.
      const fromImage = corpus.imageOf(draws.integer(corpus.size));
      substitutes.push({ region, fromImage, fromRegion: draws.integer(numRegionsOf(fromImage)) });
    }
  }
  return { mask, zeroed, substitutes };
}

/** An answer with probability in proportion to its score; a single one is taken whatever its score. */
function drawAnswer(corpus: PretrainingCorpus, example: number, draws: Draws): number {
  const { rows, scores } = corpus.answers(example);
  if (rows.length === 0) return -1;
  return rows[rows.length === 1 ? 0 : draws.weighted(scores)] ?? -1;
}

/** Everything that is drawn for an example, in the reference's order. */
export function sampleExample(
  corpus: PretrainingCorpus,
  example: number,
  text: SentencePieces,
  numRegionsOf: (image: number) => number,
  { matching, wordMaskRate, regionMaskRate }: SamplingSettings,
  draws: Draws,
): SampledExample {
  const sentenceOf = matching ? pairSentence(corpus, example, draws) : example;
  const isMatched = sentenceOf === example;
  const words = maskWords(text.piecesOf(corpus.sentence(sentenceOf)), text, wordMaskRate, draws);
  const numRegions = numRegionsOf(corpus.imageOf(example));
  const regions = maskRegions(corpus, numRegions, numRegionsOf, regionMaskRate, draws);
  return { example, isMatched, words, regions, answer: isMatched ? drawAnswer(corpus, example, draws) : -1 };
}
