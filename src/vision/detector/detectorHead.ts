/** @file What the network says of pooled regions: features, and logits of objects and attributes. */

import { type Device, fromTypedArray, scope, type Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import type { DetectorArchitecture } from './architecture.js';
import type { RegionOutputs } from './labelledRegions.js';
import { dense, type LayerContext, residualStage } from './layers.js';
import type { DetectorProfile } from './profiles.js';

/** Weights, sizes and rules. */
export interface DetectorHead {
  readonly context: LayerContext;
  readonly architecture: DetectorArchitecture;
  readonly rules: DetectorProfile['rules'];
}

/** Of R regions, in float32; probabilities as {@link RegionOutputs} has them. */
export interface DescribedRegions {
  /** (R, featureSize) */
  readonly features: Tensor;
  /** (R, classes) */
  readonly classProbabilities: Tensor;
  /** (R, attributes) */
  readonly attributeProbabilities: Tensor;
  /** (R, classes x 4); by Detectron2's rules only. */
  readonly boxDeltas?: Tensor;
}

export type RegionPart = keyof DescribedRegions;

/** Values of one region in each part. */
export function rowSizesOf({ architecture, rules }: DetectorHead): {
  readonly [part in keyof DescribedRegions]: number;
} {
  const { regionStage, numClasses, numAttributes } = architecture;
  return {
    features: regionStage.outputChannels,
    classProbabilities: numClasses,
    attributeProbabilities: numAttributes,
    ...(rules === 'caffe' ? {} : { boxDeltas: numClasses * 4 }),
  };
}

/** Outputs to be filled, part by part. */
export function emptyOutputs(head: DetectorHead, boxes: Float32Array): RegionOutputs {
  const numRegions = boxes.length / 4;
  const sizes = rowSizesOf(head);
  return {
    numRegions,
    boxes,
    features: new Float32Array(numRegions * sizes.features),
    classProbabilities: new Float32Array(numRegions * sizes.classProbabilities),
    attributeProbabilities: new Float32Array(numRegions * sizes.attributeProbabilities),
    ...(sizes.boxDeltas === undefined ? {} : { boxDeltas: new Float32Array(numRegions * sizes.boxDeltas) }),
  };
}

/**
 * What is said of one picture's regions, some after others, on the processor.
 *
 * @param map (1, mapChannels, H / 16, W / 16) in the last stage's format
 * @param boxes (n, 4) in pixels of the scaled picture
 */
export function describeRegions(
  head: DetectorHead,
  map: Tensor,
  boxes: Float32Array,
  regionsAtOnce: number,
): RegionOutputs {
  const { anchors, pooledSize } = head.architecture;
  const outputs = emptyOutputs(head, boxes);
  const sizes = Object.entries(rowSizesOf(head)) as [RegionPart, number][];
  for (let first = 0; first < outputs.numRegions; first += regionsAtOnce) {
    scope(() => {
      const part = boxes.slice(first * 4, (first + regionsAtOnce) * 4);
      const regions = fromTypedArray(part, [part.length / 4, 4]);
      const pooled = ops.roiMaxPool(map, regions, 1 / anchors.stride, pooledSize);
      const described = describePooled(head, pooled);
      for (const [name, size] of sizes) {
        outputs[name]?.set((described[name] as Tensor).data() as Float32Array, first * size);
      }
    });
  }
  return outputs;
}

/** @param pooled (R, mapChannels, bins, bins) */
export function describePooled(
  { context, architecture, rules }: DetectorHead,
  pooled: Tensor,
): DescribedRegions {
  context.observe?.('roi_pool5', pooled);
  const last = residualStage(context, architecture.regionStage, pooled); // (R, featureSize, bins, bins)
  const features = ops.mean(ops.to(last, 'float32'), [2, 3]); // (R, featureSize)
  context.observe?.('pool5_flat', features);
  const classLogits = dense(context, 'cls_score', features);
  // The attribute head is told the class, the background included.
  const predicted = ops.argmax(classLogits, 1); // (R)
  const embedded = ops.indexSelect(context.weightOf('cls_embedding.weight'), 0, predicted);
  const hidden = dense(context, 'fc_attr', ops.cat([features, embedded], 1), { relu: true });
  const attributeLogits = dense(context, 'attr_score', hidden);
  const isDetectron2 = rules === 'detectron2';
  return {
    features: ops.contiguous(features),
    classProbabilities: ops.softmax(classLogits, 1),
    attributeProbabilities: isDetectron2
      ? softmaxWithoutFirst(attributeLogits)
      : ops.softmax(attributeLogits, 1),
    ...(isDetectron2 ? { boxDeltas: dense(context, 'bbox_pred', features) } : {}), // (R, 4 x classes)
  };
}

/** The ports leave "no attribute" out before the softmax; its column is 0 then. (R, A) */
function softmaxWithoutFirst(logits: Tensor): Tensor {
  const [numRegions = 0, numAttributes = 0] = logits.shape;
  const others = ops.softmax(ops.narrow(logits, 1, 1, numAttributes - 1), 1);
  return ops.cat([ops.zeros([numRegions, 1], { device: logits.device as Device }), others], 1);
}
