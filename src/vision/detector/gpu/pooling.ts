/**
 * @file RoI max pooling by libtorch's operators, for GPUs: bins have any number of cells, so first the maxima of all
 * windows of 1, 2, 4, ... cells are made, of which any bin needs four.
 */

import { type Device, scope, type Tensor } from '../../../torch/index.js';
import * as ops from '../../../torch/operators/index.js';
import type { PoolingPlan } from './poolingPlan.js';

/**
 * The largest value of each channel in every window of 2^i x 2^j cells, i below `rowLevels` and j below `columnLevels`:
 * row 1 + ((i x columnLevels + j) x N x H x W) + cell is of the window whose first cell that is. Row 0 is 0, for bins
 * without cells; rows of windows that would leave the picture hold anything.
 *
 * @param maps (N, C, H, W)
 * @returns (1 + rowLevels x columnLevels x N x H x W, C)
 */
export function windowMaxima(
  maps: Tensor,
  { rowLevels, columnLevels }: Pick<PoolingPlan, 'rowLevels' | 'columnLevels'>,
): Tensor {
  const [numImages = 0, channels = 0, height = 0, width = 0] = maps.shape;
  const numRows = 1 + rowLevels * columnLevels * numImages * height * width;
  const table = ops.empty([numRows, channels], { dtype: maps.dtype, device: maps.device as Device });
  ops.zero_(ops.narrow(table, 0, 0, 1));
  const levels = ops.view(ops.narrow(table, 0, 1, numRows - 1), [
    rowLevels,
    columnLevels,
    numImages,
    height,
    width,
    channels,
  ]);
  const at = (i: number, j: number): Tensor => ops.select(ops.select(levels, 0, i), 0, j); // (N, H, W, C)
  ops.copy_(at(0, 0), ops.permute(maps, [0, 2, 3, 1]));
  for (let i = 0; i < rowLevels; i++) {
    if (i > 0) doubleWindows(at(i - 1, 0), at(i, 0), 1, 2 ** (i - 1));
    for (let j = 1; j < columnLevels; j++) doubleWindows(at(i, j - 1), at(i, j), 2, 2 ** (j - 1));
  }
  return table;
}

/** Windows twice as long along `dim`, from those of `length` cells. */
function doubleWindows(from: Tensor, to: Tensor, dim: number, length: number): void {
  const numPlaces = (from.shape[dim] as number) - length;
  if (numPlaces <= 0) return;
  scope(() => {
    const first = ops.narrow(from, dim, 0, numPlaces);
    const second = ops.narrow(from, dim, length, numPlaces);
    ops.copy_(ops.narrow(to, dim, 0, numPlaces), ops.maximum(first, second));
  });
}

/**
 * @param table {@link windowMaxima}
 * @param places (R, 4, bins) int32 on the GPU: {@link PoolingPlan.places}
 * @returns (R, C, bins, bins), channels last in memory
 */
export function poolRegions(table: Tensor, places: Tensor): Tensor {
  const [numRegions = 0, , bins = 0] = places.shape;
  const windows = (row: number, column: number): Tensor => {
    const rows = ops.unsqueeze(ops.select(places, 1, row), 2); // (R, bins, 1)
    const columns = ops.unsqueeze(ops.select(places, 1, 2 + column), 1); // (R, 1, bins)
    // Row 0 of the table is of the bins without cells.
    const index = ops.clamp_(ops.add_(ops.add(rows, columns), 1), 0, null);
    return ops.indexSelect(table, 0, ops.flatten(index)); // (R x bins x bins, C)
  };
  // Each of these is as large as the result: none stays longer than it must.
  const largestOf = (row: number): Tensor => scope(() => ops.maximum(windows(row, 0), windows(row, 1)));
  return scope(() => {
    const pooled = ops.maximum(largestOf(0), largestOf(1));
    return ops.permute(ops.view(pooled, [numRegions, bins, bins, -1]), [0, 3, 1, 2]);
  });
}
