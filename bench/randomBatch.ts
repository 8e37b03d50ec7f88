/** @file A batch of random questions and regions: the arithmetic does not depend on the values. */

import type { LxmertConfig, LxmertInputs } from '../src/model/index.js';
import * as ops from '../src/torch/operators/index.js';

/** Pieces in a question and regions in an image, as in the reference's tasks. */
export const NUM_PIECES = 20;
export const NUM_REGIONS = 36;

/** Inputs of `size` examples; every piece counts. The tensors belong to the scope that this is called in. */
export function randomBatch(config: LxmertConfig, size: number): LxmertInputs {
  return {
    inputIds: ops.randint(0, config.vocabSize, [size, NUM_PIECES]),
    tokenTypeIds: ops.zeros([size, NUM_PIECES], { dtype: 'int64' }),
    attentionMask: ops.ones([size, NUM_PIECES], { dtype: 'int64' }),
    features: ops.rand([size, NUM_REGIONS, config.visualFeatureSize]),
    boxes: ops.rand([size, NUM_REGIONS, config.visualBoxSize]),
  };
}
