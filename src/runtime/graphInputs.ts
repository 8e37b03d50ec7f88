/** @file Sentences and rows of regions as the arrays that an exported graph reads. */

import { LxmertError } from '../common/errors.js';
import { type FeatureRow, featureArray, normalisedBoxes, regionMask } from '../features/portable.js';
import type { WordPieceTokenizer } from '../text/index.js';
import type { EngineTensor } from './engine.js';

/** The graph's inputs, by their names. */
export interface GraphInputs {
  /** (batch, words) int64, as are the next two. */
  readonly input_ids: EngineTensor;
  readonly attention_mask: EngineTensor;
  readonly token_type_ids: EngineTensor;
  /** (images, regions, F) float32, or (batch, 2, regions, F) for statements about two images. */
  readonly visual_feats: EngineTensor;
  /** (images, regions, 4) float32: shares of the picture's sides. */
  readonly visual_pos: EngineTensor;
  /** (images, regions) int64. */
  readonly visual_attention_mask: EngineTensor;
}

/** What decides how sentences are read. */
export interface SentenceReader {
  readonly tokenizer: WordPieceTokenizer;
  /** Word pieces of a sentence, [CLS] and [SEP] included. */
  readonly maxLength: number;
}

/** Inputs of the words alone: padded to the longest sentence of the batch and no further. */
export function wordInputs(
  { tokenizer, maxLength }: SentenceReader,
  sentences: readonly string[],
): Pick<GraphInputs, 'input_ids' | 'attention_mask' | 'token_type_ids'> {
  return pieceInputs(sentences.map((sentence) => tokenizer.encode(sentence, maxLength)));
}

/** The same of ids of pieces, with [CLS] and [SEP]. */
export function pieceInputs(
  sentences: readonly (readonly number[])[],
): Pick<GraphInputs, 'input_ids' | 'attention_mask' | 'token_type_ids'> {
  const dims = [sentences.length, Math.max(...sentences.map((ids) => ids.length))]; // (batch, words)
  const [, numWords = 0] = dims;
  const make = (toValue: (id: number) => number): EngineTensor => {
    const data = new BigInt64Array(sentences.length * numWords);
    for (const [i, ids] of sentences.entries())
      for (const [k, id] of ids.entries()) data[i * numWords + k] = BigInt(toValue(id));
    return { type: 'int64', data, dims };
  };
  return {
    input_ids: make((id) => id),
    attention_mask: make(() => 1),
    token_type_ids: make(() => 0),
  };
}

/**
 * Inputs of the regions alone.
 *
 * @param rows one for all sentences, or one for each; of statements about two images two for each, one after the other
 * @throws LxmertError for a row that cannot be used
 */
export function regionInputs(
  rows: readonly FeatureRow[],
  imagesPerExample: 1 | 2,
): Pick<GraphInputs, 'visual_feats' | 'visual_pos' | 'visual_attention_mask'> {
  const { width, featureSize, features } = featureArray(rows);
  const images = imagesPerExample === 1 ? [rows.length] : [rows.length / 2, 2];
  const mask = regionMask(rows, width);
  const isRegion = new BigInt64Array(rows.length * width);
  if (mask === null) isRegion.fill(1n);
  else for (const [i, value] of mask.entries()) isRegion[i] = BigInt(value);
  return {
    visual_feats: { type: 'float32', data: features, dims: [...images, width, featureSize] },
    visual_pos: { type: 'float32', data: normalisedBoxes(rows, width), dims: [...images, width, 4] },
    visual_attention_mask: { type: 'int64', data: isRegion, dims: [...images, width] },
  };
}

/** Float32 numbers of an output that must be (batch, columns). @throws LxmertError for another shape */
export function outputRows(
  output: EngineTensor | undefined,
  name: string,
  numRows: number,
  numColumns: number,
): Float32Array {
  if (output?.type === 'float32' && output.data.length === numRows * numColumns) return output.data;
  const found = output === undefined ? 'nothing' : `${output.type} of shape ${output.dims.join(' x ')}`;
  throw new LxmertError(
    `The model's output '${name}' should be float32 of shape ${numRows} x ${numColumns}; found ${found}. The weights and the manifest are not of one export: export the model again.`,
  );
}
