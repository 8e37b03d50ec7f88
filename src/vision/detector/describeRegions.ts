/** @file What the network says of one picture's regions, on the processor: of all of them, or of some more exactly. */

import { fromTypedArray, scope, type Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import {
  type DetectorHead,
  describeFeatures,
  describePooled,
  emptyOutputs,
  type RegionPart,
  rowSizesOf,
} from './detectorHead.js';
import type { RegionOutputs } from './labelledRegions.js';
import { gridFeatures, type RegionGrids, regionGrids } from './regionGrids.js';
import { takeRows } from './rows.js';

/** One picture's map and what goes through the network of it. */
export interface RegionMap {
  /** (1, mapChannels, H / 16, W / 16) in the last stage's format. */
  readonly map: Tensor;
  /** (n, 4) in pixels of the scaled picture. */
  readonly boxes: Float32Array;
  readonly regionsAtOnce: number;
}

/** What is said of each of one picture's regions. */
export function describeRegions(head: DetectorHead, regions: RegionMap): RegionOutputs {
  if (head.context.observe !== undefined) return describeWhole(head, regions);
  const described = new RegionDescription(head, regions);
  described.refine(described.all, described.numLevels);
  return described.outputs;
}

/** Without the grids, so that who watches sees the layers as the original has them. */
function describeWhole(head: DetectorHead, { map, boxes, regionsAtOnce }: RegionMap): RegionOutputs {
  const { anchors, pooledSize } = head.architecture;
  const outputs = emptyOutputs(head, boxes);
  for (let first = 0; first < outputs.numRegions; first += regionsAtOnce) {
    scope(() => {
      const part = boxes.slice(first * 4, (first + regionsAtOnce) * 4);
      const regions = fromTypedArray(part, [part.length / 4, 4]);
      const described = describePooled(head, ops.roiMaxPool(map, regions, 1 / anchors.stride, pooledSize));
      for (const [name, size] of Object.entries(rowSizesOf(head)) as [RegionPart, number][]) {
        outputs[name]?.set((described[name] as Tensor).data() as Float32Array, first * size);
      }
    });
  }
  return outputs;
}

/** Regions of which more and more can be known: at the last level everything, exactly. */
export interface RefinableRegions {
  /** As far as they are known. */
  readonly outputs: RegionOutputs;
  /** How many levels each region has passed. */
  readonly levels: Uint8Array;
  readonly numLevels: number;
  /** The numbers of all. */
  readonly all: readonly number[];
  /**
   * Brings regions of one level to a higher one.
   *
   * @returns (regions, classes): logits at that level
   */
  refine(regions: readonly number[], level: number): Float32Array;
}

/** What some of its grids say of each of a picture's regions, or all of them; levels are those of `regionGrids`. */
export class RegionDescription implements RefinableRegions {
  readonly outputs: RegionOutputs;
  readonly levels: Uint8Array;
  readonly all: readonly number[];
  readonly #head: DetectorHead;
  readonly #regions: RegionMap;
  readonly #grids: RegionGrids;
  /** (n, featureSize): of the grids so far, in their order. */
  readonly #sums: Float32Array;

  constructor(head: DetectorHead, regions: RegionMap) {
    this.#head = head;
    this.#regions = regions;
    this.#grids = regionGrids(head.architecture);
    this.outputs = emptyOutputs(head, regions.boxes);
    this.levels = new Uint8Array(this.outputs.numRegions);
    this.all = Array.from(this.levels.keys());
    this.#sums = new Float32Array(this.outputs.features.length);
  }

  get numLevels(): number {
    return this.#grids.levels.length;
  }

  refine(regions: readonly number[], level: number): Float32Array {
    const { grids, levels } = this.#grids;
    const from = regions.length === 0 ? 0 : (this.levels[regions[0] as number] as number);
    const [numBefore, numAfter] = [
      from === 0 ? 0 : (levels[from - 1] as number),
      levels[level - 1] as number,
    ];
    const { map, boxes, regionsAtOnce } = this.#regions;
    const own = takeRows(boxes, 4, regions);
    const size = this.#sums.length / Math.max(1, this.outputs.numRegions);
    for (const grid of grids.slice(numBefore, numAfter)) {
      const features = gridFeatures(this.#head, map, own, this.#grids, grid, regionsAtOnce);
      regions.forEach((region, i) => {
        for (let k = 0; k < size; k++)
          (this.#sums[region * size + k] as number) += features[i * size + k] as number;
      });
    }
    for (const region of regions) this.levels[region] = level;
    return this.#describe(
      regions,
      takeRows(this.#sums, size, regions).map((sum) => sum / numAfter),
    );
  }

  #describe(regions: readonly number[], features: Float32Array): Float32Array {
    if (regions.length === 0) return new Float32Array(0);
    return scope(() => {
      const described = describeFeatures(
        this.#head,
        fromTypedArray(features, [regions.length, features.length / regions.length]),
      );
      for (const [name, size] of Object.entries(rowSizesOf(this.#head)) as [RegionPart, number][]) {
        const rows = (described[name] as Tensor).data() as Float32Array;
        regions.forEach((region, i) => {
          this.outputs[name]?.set(rows.subarray(i * size, (i + 1) * size), region * size);
        });
      }
      return described.classLogits.toFloat32Array();
    });
  }
}
