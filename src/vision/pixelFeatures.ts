/** @file Region features without a network: maps of color, outline and contrast, averaged over a grid. */

import type { RgbImage } from '../common/rgbImage.js';
import { NUM_PIXEL_MAPS } from './pixelMaps.js';
import type { PixelBox } from './pixelRegions.js';
import { PixelSums } from './pixelSums.js';
import { RegionGrid } from './regionGrid.js';

/** Cells of a region's grid in each direction, unless another number is asked for. */
export const DEFAULT_GRID = 8;
/** The code of a region's extent needs 16 cells; more than 16 x 16 cells are finer than small regions are. */
export const MIN_GRID = 4;
export const MAX_GRID = 16;

/** Not a map: the place in each cell that holds a part of the code of the region's extent. */
const EXTENT = NUM_PIXEL_MAPS;
const CELL_SIZE = EXTENT + 1;
/** Bins of a region's extent; each stands in every NUM_EXTENTS-th cell. */
const NUM_EXTENTS = 16;
const EXTENT_OCTAVES = 10;
const EXTENT_GAIN = 2;

/** Numbers per region: 32 values a cell. The grid of 8 x 8 has 2048, as bottom-up-attention features do. */
export function pixelFeatureSize(grid: number): number {
  return grid * grid * CELL_SIZE;
}

/**
 * Describes each region by its own pixels: every region is laid under a grid of `grid` x `grid` cells, and each map is averaged
 * over each cell exactly (cells need not end on pixel borders). All numbers are at least 0, as those of a
 * detector's last ReLU are. The last value of the cells together tells the region's extent.
 *
 * @param difference (height, width), see `differenceFromBackground`
 * @returns (boxes, grid * grid * 32): cell by cell from the top left, the maps of a cell together
 */
export function describePixels(
  image: RgbImage,
  boxes: readonly PixelBox[],
  difference: Float32Array,
  grid = DEFAULT_GRID,
): Float32Array {
  const size = pixelFeatureSize(grid);
  const features = new Float32Array(boxes.length * size);
  const regions = boxes.map((box, i) => {
    const out = features.subarray(i * size, (i + 1) * size);
    writeExtent(box, image, out);
    return new RegionGrid(box, image, grid, { values: out, cellSize: CELL_SIZE });
  });
  const sums = new PixelSums(image, difference, regions);
  for (let y = 0; y < image.height; y++) {
    sums.addRow(y);
    for (const region of regions) region.crossRow(y, sums);
  }
  return features;
}

/**
 * How large a region is: the share of the picture that it covers, by octaves from 2^-10 to 1, in soft bins. The grid
 * is stretched over every region alike and so cannot tell; a detector's features can, since they see the surroundings.
 */
function writeExtent([x1, y1, x2, y2]: PixelBox, { width, height }: RgbImage, out: Float32Array): void {
  const octave = Math.log2(((x2 - x1) * (y2 - y1)) / (width * height));
  const position = Math.min(1, Math.max(0, 1 + octave / EXTENT_OCTAVES)) * (NUM_EXTENTS - 1);
  for (let cell = 0; cell < out.length / CELL_SIZE; cell++) {
    const distance = Math.abs((cell % NUM_EXTENTS) - position);
    out[cell * CELL_SIZE + EXTENT] = EXTENT_GAIN * Math.max(0, 1 - distance);
  }
}
