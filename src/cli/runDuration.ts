/** @file How long a training takes on this machine's processor, said before it begins where that is hours. */

import type { Question } from '../data/annotations/question.js';
import { formatCount, formatDuration } from '../formats/numbers.js';
import type { LxmertConfig, Precision } from '../model/index.js';
import { type Vocabulary, WordPieceTokenizer } from '../text/index.js';
import { measureGemmRate } from '../torch/index.js';

/** Seconds from which on a person would rather know before. */
const LONG = 3600;
/** Seconds that the machine's rate is measured for. */
const MEASURED = 0.2;
/** Operations per second that every processor reaches: a run that is short at this rate needs no measuring. */
const LEAST_RATE = 1e9;
/** What a training takes beyond its matrix products at their full rate: a third more at least. */
const OVERHEAD = 1.33;

export interface PlannedRun {
  readonly config: LxmertConfig;
  readonly precision: Precision;
  readonly numExamples: number;
  readonly numEpochs: number;
  /** Word pieces of a sentence, and regions of its pictures together, on average. */
  readonly numWords: number;
  readonly numRegions: number;
  /** False for a model that goes on from weights, whose size is theirs. */
  readonly isFromScratch: boolean;
}

/** Examples whose sentences and pictures stand for all. */
const NUM_MEASURED = 200;

/** What a pass over the examples has to do: how many there are, and the rows of one on average. */
export function rowsOf(
  examples: readonly Question[],
  vocabulary: Vocabulary,
  features: { numBoxesOf(imageId: string): number },
  maxLength: number,
): Pick<PlannedRun, 'numExamples' | 'numWords' | 'numRegions'> {
  const tokenizer = new WordPieceTokenizer(vocabulary);
  const some = examples.slice(0, NUM_MEASURED);
  const mean = (of: (example: Question) => number): number =>
    some.reduce((sum, example) => sum + of(example), 0) / Math.max(1, some.length);
  return {
    numExamples: examples.length,
    // The sentence is read with each of its images.
    numWords: mean(
      ({ sentence, imageIds }) => imageIds.length * (2 + tokenizer.pieceIds(sentence, maxLength - 2).length),
    ),
    numRegions: mean(({ imageIds }) => imageIds.reduce((sum, id) => sum + features.numBoxesOf(id), 0)),
  };
}

/**
 * Products of a forward pass over one example, in multiplications: weights times the rows that meet them. Attention
 * itself and the heads are small beside them.
 */
export function productsOf(config: LxmertConfig, numWords: number, numRegions: number): number {
  const { hiddenSize: h, intermediateSize, visualFeatureSize } = config;
  const attention = 4 * h * h;
  const feedForward = 2 * h * intermediateSize;
  const ofWord =
    config.numLanguageLayers * (attention + feedForward) +
    config.numCrossLayers * (2 * attention + feedForward);
  const ofRegion =
    visualFeatureSize * h +
    config.numVisionLayers * (attention + feedForward) +
    config.numCrossLayers * (2 * attention + feedForward);
  return numWords * ofWord + numRegions * ofRegion;
}

/**
 * A sentence about a run that would take an hour or more on the processor; undefined for a shorter one.
 *
 * @param rate operations per second of a matrix product; measured where it is not given
 */
export function longRunNotice(run: PlannedRun, rate?: number): string | undefined {
  // A product is two operations; the backward pass does each twice.
  const operations = 2 * 3 * productsOf(run.config, run.numWords, run.numRegions);
  const all = OVERHEAD * operations * run.numExamples * run.numEpochs;
  if (all / LEAST_RATE < LONG) return undefined;
  const seconds = all / (rate ?? measureGemmRate(run.precision, MEASURED));
  if (seconds < LONG) return undefined;
  const { hiddenSize, numLanguageLayers, numVisionLayers, numCrossLayers } = run.config;
  const layers = numLanguageLayers + numVisionLayers + numCrossLayers;
  const size = `A model of ${layers} layers of width ${hiddenSize}`;
  const wayOut = run.isFromScratch
    ? `Trained from nothing on data of one's own, a small model is often as good and takes minutes: --config small (docs/how-to/own-pictures.md).`
    : 'A GPU takes a small part of that; --train-share 0.1 tries it on a tenth of the examples.';
  return `${size} takes about ${formatDuration(seconds)} for ${formatCount(run.numEpochs, 'epoch')} of these ${formatCount(run.numExamples, 'example')} on this machine. ${wayOut}`;
}
