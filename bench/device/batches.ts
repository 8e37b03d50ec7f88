/** @file Made-up batches by the rules of bench/reference/batches.py, which the other implementations draw from. */

import { NUM_REGIONS } from '../../src/bench/questions.js';
import { Random } from '../../src/common/random.js';
import type { LxmertConfig, LxmertInputs, PretrainingClasses } from '../../src/model/index.js';
import type { PretrainingBatch } from '../../src/tasks/pretraining/labels.js';
import { keep, scope, type Tensor, tensor } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';

/** Batches that the steps take in turn. */
export const NUM_BATCHES = 8;

const PADDED_LENGTH = 20;
const MASKED_SHARE = 0.15;
/** Pieces below are [PAD] and other special ones. */
const FIRST_WORD = 5;
const MASK_PIECE = 4;

/** Word pieces of each sentence, [CLS] and [SEP] included: 4 + binomial(16, 0.35), 9.6 on average. */
function drawLengths(count: number, random: Random): number[] {
  return Array.from({ length: count }, () => {
    let length = 4;
    for (let trial = 0; trial < 16; trial++) if (random.uniform() < 0.35) length++;
    return length;
  });
}

export interface MadeUpBatch {
  readonly inputs: LxmertInputs;
  readonly numPieces: readonly number[];
}

/** Kept until it is disposed of: features in float16, as stores have them. */
export function madeUpBatch(config: LxmertConfig, batchSize: number, seed: number): MadeUpBatch {
  const random = new Random(seed);
  const numPieces = drawLengths(batchSize, random);
  const width = Math.min(PADDED_LENGTH, config.maxPositionEmbeddings);
  const ids = new Int32Array(batchSize * width);
  const mask = new Int32Array(batchSize * width);
  for (const [row, length] of numPieces.entries()) {
    for (let i = 0; i < length; i++)
      ids[row * width + i] = FIRST_WORD + random.integer(config.vocabSize - FIRST_WORD);
    mask.fill(1, row * width, row * width + length);
  }
  const shape = [batchSize, width];
  return {
    numPieces,
    inputs: {
      inputIds: keep(tensor(ids, shape)),
      tokenTypeIds: keep(tensor(new Int32Array(batchSize * width), shape)),
      attentionMask: keep(tensor(mask, shape)),
      features: keep(
        scope(() => ops.to(ops.rand([batchSize, NUM_REGIONS, config.visualFeatureSize]), 'float16')),
      ),
      boxes: keep(ops.rand([batchSize, NUM_REGIONS, config.visualBoxSize])),
    },
  };
}

/** 0 but for some answers with a score, as VQA's targets. */
export function madeUpTargets(batchSize: number, numAnswers: number): Tensor {
  return keep(scope(() => ops.mul(ops.rand([batchSize, numAnswers]), 0.01)));
}

/** A batch in which 15 % of words and regions are to be predicted, half of the sentences match, and those have answers. */
export function madeUpPretraining(
  { inputs }: MadeUpBatch,
  config: LxmertConfig,
  classes: PretrainingClasses,
  seed: number,
): PretrainingBatch {
  const random = new Random(seed);
  const [batchSize = 0] = inputs.inputIds.shape;
  const ids = inputs.inputIds.data() as Int32Array;
  const isPiece = inputs.attentionMask.data() as Int32Array;
  const words = new Int32Array(ids.length).fill(-1);
  for (const [place, id] of ids.entries()) {
    if (isPiece[place] !== 1 || random.uniform() >= MASKED_SHARE) continue;
    words[place] = id;
    ids[place] = Math.min(MASK_PIECE, config.vocabSize - 1);
  }
  const numRegions = batchSize * NUM_REGIONS;
  const shape = [batchSize, NUM_REGIONS];
  const classesBelow = (count: number): Tensor =>
    keep(
      tensor(
        BigInt64Array.from({ length: numRegions }, () => BigInt(random.integer(count))),
        shape,
      ),
    );
  return {
    inputs,
    labels: {
      words,
      isMatched: Uint8Array.from({ length: batchSize }, (_, i) => i % 2),
      isRegion: new Uint8Array(numRegions).fill(1),
      regionMask: Uint8Array.from({ length: numRegions }, () => (random.uniform() < MASKED_SHARE ? 1 : 0)),
      objects: classesBelow(classes.numObjects),
      objectConfidences: keep(ops.rand(shape)),
      attributes: classesBelow(classes.numAttributes),
      attributeConfidences: keep(ops.rand(shape)),
      features: inputs.features,
      answers: Int32Array.from({ length: batchSize }, (_, i) =>
        i % 2 === 1 ? random.integer(classes.numAnswers ?? 1) : -1,
      ),
    },
  };
}
