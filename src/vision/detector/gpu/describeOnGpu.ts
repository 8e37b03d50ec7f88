/** @file What the network says of the regions of several pictures at once, on a GPU. */

import { type Device, fromTypedArray, LateNumbers, place, scope, type Tensor } from '../../../torch/index.js';
import * as ops from '../../../torch/operators/index.js';
import {
  type DescribedRegions,
  type DetectorHead,
  describePooled,
  emptyOutputs,
  type RegionPart,
  rowSizesOf,
} from '../detectorHead.js';
import type { RegionOutputs } from '../labelledRegions.js';
import { poolRegions, windowMaxima } from './pooling.js';
import { poolingPlan } from './poolingPlan.js';

/**
 * All pictures' regions go through the last stage together, `regionsAtOnce` at a time; one copy brings everything to the
 * processor at the end.
 *
 * @param maps (N, mapChannels, H / 16, W / 16)
 * @param boxes of each picture, (n, 4) in pixels of the scaled picture
 */
export function describeOnGpu(
  head: DetectorHead,
  maps: Tensor,
  boxes: readonly Float32Array[],
  regionsAtOnce: number,
): RegionOutputs[] {
  const { anchors, pooledSize } = head.architecture;
  const [numImages = 0, , height = 0, width = 0] = maps.shape;
  const plan = poolingPlan(boxes, { numImages, height, width }, 1 / anchors.stride, pooledSize);
  const { numRegions } = plan;
  if (numRegions === 0) return boxes.map((own) => emptyOutputs(head, own));
  return scope(() => {
    const table = windowMaxima(maps, plan);
    const places = place(fromTypedArray(plan.places, [numRegions, 4, pooledSize]), maps.device as Device);
    const described: DescribedRegions[] = [];
    for (let first = 0; first < numRegions; first += regionsAtOnce) {
      const size = Math.min(regionsAtOnce, numRegions - first);
      described.push(
        scope(() => describePooled(head, poolRegions(table, ops.narrow(places, 0, first, size)))),
      );
    }
    return outputsOf(head, described, boxes);
  });
}

/** Cuts what is said of all regions into the pictures' own. */
function outputsOf(
  head: DetectorHead,
  described: readonly DescribedRegions[],
  boxes: readonly Float32Array[],
): RegionOutputs[] {
  const sizes = Object.entries(rowSizesOf(head)) as [RegionPart, number][];
  const flat = sizes.flatMap(([part]) => described.map((each) => ops.flatten(each[part] as Tensor)));
  const numbers = new LateNumbers(ops.cat(flat)).read();
  const outputs = boxes.map((own) => emptyOutputs(head, own));
  let begin = 0;
  for (const [part, size] of sizes) {
    for (const each of outputs) {
      each[part]?.set(numbers.subarray(begin, begin + each.numRegions * size));
      begin += each.numRegions * size;
    }
  }
  return outputs;
}
