/** @file From the files' arithmetic to the network's: norms folded into convolutions, the ports' rows in Caffe's order. */

import { tensor as makeTensor, scope, type Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import type { AnchorSettings } from './architecture.js';
import type { TensorRole } from './weightsFamily.js';

/** Caffe's default, which the network's description leaves as it is; the ports state the same. */
const NORM_EPSILON = 1e-5;

/**
 * A convolution (out, in, k, k) without bias and the norm after it as one convolution with a bias (out): the weights of
 * each output times gamma / sqrt(variance + 1e-5), and beta - mean * that. Caffe keeps sums, which scaleFactor divides,
 * or which count as 0 when it is 0. Factors are computed in double precision and rounded once.
 */
export function foldNorm(
  parts: Readonly<Partial<Record<TensorRole, Tensor>>> & { readonly weight: Tensor },
): { weight: Tensor; bias: Tensor } {
  const values = (role: TensorRole): Float64Array =>
    scope(() => {
      const part = parts[role];
      if (part === undefined) return new Float64Array(0);
      return Float64Array.from(ops.contiguous(ops.to(part, 'float64')).data() as Float64Array);
    });
  const [scaleFactor] = values('scaleFactor');
  const divide = (sum: number): number =>
    scaleFactor === undefined ? sum : scaleFactor === 0 ? 0 : sum / scaleFactor;
  const mean = values('mean').map(divide);
  const variance = values('variance').map(divide);
  const beta = values('beta');
  const factors = values('gamma').map(
    (gamma, i) => gamma / Math.sqrt((variance[i] as number) + NORM_EPSILON),
  );
  const bias = beta.map((shift, i) => shift - (mean[i] as number) * (factors[i] as number));
  const numOutputs = factors.length;
  const perOutput = makeTensor(Float32Array.from(factors), [numOutputs, 1, 1, 1]);
  return {
    weight: ops.mul(ops.to(parts.weight, 'float32'), perOutput),
    bias: makeTensor(Float32Array.from(bias), [numOutputs]),
  };
}

/**
 * A tensor (weight or bias) of a layer of the ports in Caffe's layout: background and "no attribute" first, anchors with
 * the ratio as the slow index, and for each anchor two scores, of which the background's is always 0: the softmax of 0
 * and x gives the object what the ports' sigmoid of x does. The background's boxes, which the ports do not have, are 0.
 */
export function toCaffeLayout(layer: string, tensor: Tensor, { ratios, scales }: AnchorSettings): Tensor {
  const numRows = tensor.shape[0] as number;
  switch (layer) {
    case 'cls_score':
    case 'cls_embedding':
    case 'attr_score':
      return ops.cat([ops.narrow(tensor, 0, numRows - 1, 1), ops.narrow(tensor, 0, 0, numRows - 1)], 0);
    case 'bbox_pred':
      return ops.cat([ops.zeros([4, ...tensor.shape.slice(1)]), tensor], 0);
    case 'rpn_cls_score': {
      const ordered = ratioFirst(tensor, ratios.length, scales.length, 1);
      return ops.cat([ops.zerosLike(ordered), ordered], 0);
    }
    case 'rpn_bbox_pred':
      return ratioFirst(tensor, ratios.length, scales.length, 4);
    default:
      return tensor;
  }
}

/** Rows in groups, one for each anchor, from the order (scale, ratio) to (ratio, scale). */
function ratioFirst(tensor: Tensor, numRatios: number, numScales: number, rowsPerAnchor: number): Tensor {
  const groups: Tensor[] = [];
  for (let ratio = 0; ratio < numRatios; ratio++) {
    for (let scale = 0; scale < numScales; scale++) {
      groups.push(ops.narrow(tensor, 0, (scale * numRatios + ratio) * rowsPerAnchor, rowsPerAnchor));
    }
  }
  return ops.cat(groups, 0);
}
