/**
 * @file The grids of the last stage: where its 3x3 convolutions have dilation d, a bin sees those bins alone whose row and
 * column differ from its own by multiples of d, through all blocks. So the stage is d x d stages without dilation, each over
 * every d-th bin, that share their weights and know nothing of each other; a region's features are their mean.
 */

import { fromTypedArray, scope, type Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import type { DetectorArchitecture, StageArchitecture } from './architecture.js';
import { type DetectorHead, pooledFeatures } from './detectorHead.js';

/** Every `step`-th bin of both sides, from (row, column) on. */
export interface RegionGrid {
  readonly step: number;
  readonly row: number;
  readonly column: number;
}

/** How a region's bins fall apart. */
export interface RegionGrids {
  /** All of one size; a diagonal first, whose bins lie evenly over the region. */
  readonly grids: readonly RegionGrid[];
  /** What each goes through. */
  readonly stage: StageArchitecture;
  /** After how many grids their mean is an estimate of the features; the last is all of them. */
  readonly levels: readonly number[];
}

export function regionGrids({ pooledSize, regionStage }: DetectorArchitecture): RegionGrids {
  const { dilation, stride } = regionStage;
  if (dilation === 1 || stride !== 1 || pooledSize % dilation !== 0) {
    return { grids: [{ step: 1, row: 0, column: 0 }], stage: regionStage, levels: [1] };
  }
  const grids: RegionGrid[] = [];
  for (let shift = 0; shift < dilation; shift++) {
    for (let row = 0; row < dilation; row++) {
      grids.push({ step: dilation, row, column: (row + shift) % dilation });
    }
  }
  return {
    grids,
    stage: { ...regionStage, dilation: 1 },
    levels: [1, dilation, dilation * dilation],
  };
}

/**
 * What the last stage makes of one grid of each region.
 *
 * @param map (1, mapChannels, H / 16, W / 16) in the last stage's format
 * @param boxes (n, 4) in pixels of the scaled picture
 * @param regionsAtOnce whole regions whose bins go through the stage at once
 * @returns (n, featureSize)
 */
export function gridFeatures(
  { context, architecture }: DetectorHead,
  map: Tensor,
  boxes: Float32Array,
  { grids, stage }: RegionGrids,
  grid: RegionGrid,
  regionsAtOnce: number,
): Float32Array {
  const { anchors, pooledSize } = architecture;
  const size = stage.outputChannels;
  const features = new Float32Array((boxes.length / 4) * size);
  const atOnce = regionsAtOnce * grids.length;
  for (let first = 0; first < boxes.length / 4; first += atOnce) {
    scope(() => {
      const part = boxes.slice(first * 4, (first + atOnce) * 4);
      const regions = fromTypedArray(part, [part.length / 4, 4]);
      const { step, row, column } = grid;
      const pooled = ops.roiMaxPool(map, regions, 1 / anchors.stride, pooledSize, step, row, column);
      features.set(
        ops.contiguous(pooledFeatures(context, stage, pooled)).data() as Float32Array,
        first * size,
      );
    });
  }
  return features;
}
