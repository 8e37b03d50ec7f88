/** @file From sampled examples to the tensors that the model reads and the labels that the losses read. */

import { LxmertError } from '../../common/errors.js';
import type { PretrainingCorpus } from '../../data/pretraining/corpus.js';
import type { SampledExample, SentencePieces } from '../../data/pretraining/sampling.js';
import {
  type FeatureBatch,
  labelsOf,
  type ProvenancedFeatures,
  type RegionPlace,
} from '../../features/index.js';
import { type PretrainingClasses, WIDTH_UNIT } from '../../model/index.js';
import type { WordPieceTokenizer } from '../../text/index.js';
import { fromTypedArray, type Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import type { LossSettings, PretrainingBatch } from './labels.js';

/** Regions with what the detector said of them; a feature store is one. */
export interface LabelledRegions {
  /** What is known of them, where they come from files. */
  readonly origins?: ProvenancedFeatures['origins'];
  gather(
    imageIds: readonly string[],
    options: { readonly labels: true; readonly dtype?: 'float32' | 'stored' },
  ): FeatureBatch;
  gatherRegions(regions: readonly RegionPlace[]): Tensor;
  prefetch?(imageIds: readonly string[]): void;
  prefetchBatch?(imageIds: readonly string[]): void;
  contentHash?(): string;
  numBoxesOf(imageId: string): number;
}

/**
 * Refuses features without the labels that losses are computed of: zeros stand in their place, which would be learned.
 *
 * @throws LxmertError naming the store and the losses
 */
export function requireLabels(features: LabelledRegions, { weights }: Pick<LossSettings, 'weights'>): void {
  for (const { path, provenance } of features.origins ?? []) {
    const labels = labelsOf(provenance);
    const missing = [
      ...(labels === 'none' && weights.objects > 0 ? ['object'] : []),
      ...(labels !== 'all' && weights.attributes > 0 ? ['attribute'] : []),
    ];
    if (missing.length === 0) continue;
    const flags = missing.map((name) => (name === 'object' ? '--obj-weight 0' : '--attr-weight 0')).join(' ');
    throw new LxmertError(
      `The features ${path} have no ${missing.join(' and ')} labels: the file that they were converted from has none, and zeros ` +
        `stand in their place. Leave these losses out of pre-training (${flags}), or use features with labels.`,
    );
  }
}

/** The pieces of sentences of at most `maxLength` pieces, [CLS] and [SEP] included. */
export function sentencePieces(tokenizer: WordPieceTokenizer, maxLength: number): SentencePieces {
  const { size, maskId } = tokenizer.vocabulary;
  return {
    piecesOf: (sentence) => tokenizer.pieceIds(sentence, maxLength - 2),
    vocabularySize: size,
    maskId,
  };
}

export interface BatchSources {
  readonly corpus: PretrainingCorpus;
  readonly features: LabelledRegions;
  readonly tokenizer: WordPieceTokenizer;
  readonly classes: PretrainingClasses;
  /** Features stay in the format that they are stored in, half of what travels; few different widths of sentences. */
  readonly forGpu?: boolean;
}

/**
 * The batch of some examples, padded to its longest sentence. Call it inside a scope.
 *
 * @throws LxmertError for a detector's class that the model does not have
 */
export function pretrainingBatch(
  examples: readonly SampledExample[],
  { corpus, features: source, tokenizer, classes, forGpu = false }: BatchSources,
): PretrainingBatch {
  const imageIds = examples.map(({ example }) => corpus.imageIdOf(example));
  const words = wordArrays(examples, tokenizer, forGpu ? WIDTH_UNIT : 1);
  const regions = source.gather(imageIds, {
    labels: true,
    dtype: forGpu ? 'stored' : 'float32',
  });
  const [batchSize = 0, numRegions = 0] = regions.boxes.shape;
  if (regions.labels === null) throw new RangeError('The detector labels were asked for.');
  const { objectsId, objectsConf, attrsId, attrsConf } = regions.labels;
  requireClasses(objectsId, classes.numObjects, 'object', imageIds);
  requireClasses(attrsId, classes.numAttributes, 'attribute', imageIds);
  const regionMask = new Uint8Array(batchSize * numRegions); // (B, N)
  const isRegion = new Uint8Array(batchSize * numRegions).fill(regions.mask === null ? 1 : 0); // (B, N)
  for (const [row, example] of examples.entries()) {
    regionMask.set(example.regions.mask, row * numRegions);
    isRegion.fill(1, row * numRegions, row * numRegions + (regions.numBoxes[row] ?? 0));
  }
  const shape = [batchSize, words.width];
  const numWords = batchSize * words.width;
  return {
    inputs: {
      inputIds: fromTypedArray(words.inputIds, shape),
      tokenTypeIds: fromTypedArray(new Int32Array(numWords), shape),
      attentionMask: fromTypedArray(words.attentionMask, shape),
      features: maskedFeatures(regions.features, examples, corpus, source),
      boxes: regions.boxes,
      visualAttentionMask: regions.mask ?? undefined,
    },
    labels: {
      words: words.labels,
      isMatched: Uint8Array.from(examples, ({ isMatched }) => (isMatched ? 1 : 0)),
      isRegion,
      regionMask,
      objects: objectsId,
      objectConfidences: objectsConf,
      attributes: attrsId,
      attributeConfidences: attrsConf,
      features: regions.features,
      answers: Int32Array.from(examples, ({ answer }) => answer),
    },
  };
}

/** (B, width) each: [CLS], the pieces as shown, [SEP], padding. */
function wordArrays(
  examples: readonly SampledExample[],
  { vocabulary }: WordPieceTokenizer,
  widthUnit: number,
) {
  const longest = 2 + examples.reduce((most, { words }) => Math.max(most, words.pieces.length), 0);
  const width = Math.ceil(longest / widthUnit) * widthUnit;
  const inputIds = new Int32Array(examples.length * width);
  const attentionMask = new Int32Array(examples.length * width);
  const labels = new Int32Array(examples.length * width).fill(-1);
  for (const [row, { words }] of examples.entries()) {
    const start = row * width;
    inputIds.set([vocabulary.clsId, ...words.pieces, vocabulary.sepId], start);
    labels.set(words.labels, start + 1);
    attentionMask.fill(1, start, start + words.pieces.length + 2);
  }
  return { width, inputIds, attentionMask, labels };
}

/** A copy of the features (B, N, F) as the model may see them. */
function maskedFeatures(
  features: Tensor,
  examples: readonly SampledExample[],
  corpus: PretrainingCorpus,
  source: LabelledRegions,
): Tensor {
  const [batchSize = 0, numRegions = 0, size = 0] = features.shape;
  const isShown = new Float32Array(batchSize * numRegions).fill(1);
  const places: number[] = [];
  const substitutes: RegionPlace[] = [];
  for (const [row, { regions }] of examples.entries()) {
    for (const region of regions.zeroed) isShown[row * numRegions + region] = 0;
    for (const { region, fromImage, fromRegion } of regions.substitutes) {
      places.push(row * numRegions + region);
      substitutes.push({ imageId: corpus.imageIds[fromImage] ?? '', region: fromRegion });
    }
  }
  const factors = ops.to(fromTypedArray(isShown, [batchSize, numRegions, 1]), features.dtype);
  const shown = ops.mul(features, factors);
  if (substitutes.length > 0) {
    const index = ops.to(fromTypedArray(Int32Array.from(places)), 'int64');
    ops.indexCopy_(
      ops.view(shown, [batchSize * numRegions, size]),
      0,
      index,
      ops.to(source.gatherRegions(substitutes), features.dtype),
    );
  }
  return shown;
}

function requireClasses(
  classes: Tensor,
  numClasses: number,
  kind: 'object' | 'attribute',
  imageIds: readonly string[],
): void {
  const values = classes.data() as BigInt64Array;
  const at = values.findIndex((value) => value >= numClasses);
  if (at < 0) return;
  const image = imageIds[Math.floor((at * imageIds.length) / values.length)];
  throw new LxmertError(
    `A region of image ${image} has the ${kind} class ${values[at]}, but the model has classes 0 to ${numClasses - 1}. Is this another detector's file? Name its number of classes with --${kind}-classes.`,
  );
}
