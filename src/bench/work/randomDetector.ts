/** @file A detector of random weights whose network computes something: activations keep their size through its layers. */

import { saveTensors } from '../../checkpoint/index.js';
import { fromTypedArray, manualSeed, scope, type Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import { type DetectorArchitecture, weightShapes } from '../../vision/detector/architecture.js';
import { FAMILY_NOTE } from '../../vision/detector/weightsFamily.js';

/** Writes it in the layout of a converted .caffemodel. */
export async function writeRandomDetector(file: string, architecture: DetectorArchitecture): Promise<void> {
  manualSeed(3);
  const shapes = weightShapes(architecture, { withBoxPredictor: true });
  const tensors = new Map<string, Tensor>();
  try {
    for (const [name, shape] of shapes) tensors.set(name, randomWeight(name, shape));
    await saveTensors(file, tensors, { [FAMILY_NOTE]: 'caffe' });
  } finally {
    for (const tensor of tensors.values()) tensor.dispose();
  }
}

function randomWeight(name: string, shape: readonly number[]): Tensor {
  const numValues = shape.reduce((product, side) => product * side, 1);
  if (name.endsWith('.bias')) return fromTypedArray(new Float32Array(numValues), shape);
  // A normal distribution of variance 2 / inputs keeps the size of what passes a layer and its ReLU.
  const kept = Math.sqrt(2 / (numValues / (shape[0] as number)));
  return scope(() => ops.mul(ops.normal_(ops.zeros(shape), 0, 1), kept * factorOf(name)));
}

/** Where a trained network is not like that: pixels are large, branches add little, boxes move a little. */
function factorOf(name: string): number {
  if (name.startsWith('conv1.')) return 1 / 50;
  if (/^res.*_branch2c\./.test(name)) return 1 / 4;
  if (name.startsWith('rpn_bbox_pred.')) return 1 / 20;
  return /^(cls_score|attr_score)\./.test(name) ? 2 : 1;
}
