/** @file What the network says of pooled regions: features, and logits of objects and attributes. */

import type { Device, Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import type { DetectorArchitecture, StageArchitecture } from './architecture.js';
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

/** @param pooled (R, mapChannels, bins, bins) */
export function describePooled(head: DetectorHead, pooled: Tensor): DescribedRegions {
  const { context, architecture } = head;
  context.observe?.('roi_pool5', pooled);
  return describeFeatures(head, pooledFeatures(context, architecture.regionStage, pooled));
}

/**
 * The last stage's output, averaged.
 *
 * @param pooled (R, mapChannels, bins, bins)
 * @returns (R, featureSize) in float32
 */
function pooledFeatures(context: LayerContext, stage: StageArchitecture, pooled: Tensor): Tensor {
  const last = residualStage(context, stage, pooled); // (R, featureSize, bins, bins)
  return ops.mean(ops.to(last, 'float32'), [2, 3]);
}

/** @param features (R, featureSize) */
export function describeFeatures(
  { context, rules }: DetectorHead,
  features: Tensor,
): DescribedRegions & { readonly classLogits: Tensor } {
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
    classLogits,
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
