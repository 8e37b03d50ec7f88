/** @file Region features without a network: maps of color, outline and contrast, averaged over a grid. */

import type { RgbImage } from '../common/rgbImage.js';
import type { PixelBox } from './pixelRegions.js';

/** Cells of a region's grid in each direction, unless another number is asked for. */
export const DEFAULT_GRID = 8;
/** The code of a region's extent needs 16 cells; more than 16 x 16 cells are finer than small regions are. */
export const MIN_GRID = 4;
export const MAX_GRID = 16;
const NUM_HUES = 12;
const NUM_GREYS = 4;
const NUM_DIRECTIONS = 8;

/** Where each group of maps begins. */
const HUE = 0;
const GREY = HUE + NUM_HUES;
const RGB = GREY + NUM_GREYS;
const DIRECTION = RGB + 3;
const EDGE = DIRECTION + NUM_DIRECTIONS;
const FIGURE = EDGE + 1;
const GROUND = FIGURE + 1;
const DARK = GROUND + 1;
const NUM_AVERAGED = DARK + 1;
/** Not a map: the place in each cell that holds a part of the code of the region's extent. */
const EXTENT = NUM_AVERAGED;
const NUM_MAPS = EXTENT + 1;

/** Numbers per region: 32 values a cell. The grid of 8 x 8 has 2048, as bottom-up-attention features do. */
export function pixelFeatureSize(grid: number): number {
  return grid * grid * NUM_MAPS;
}

/** Brings gradients, which are small, to the height of the other maps. */
const EDGE_GAIN = 2;
/** Empty ground fills most windows; at full height it would drown what differs between regions. */
const GROUND_GAIN = 0.1;
/** Bins of a region's extent; each stands in every NUM_EXTENTS-th cell. */
const NUM_EXTENTS = 16;
const EXTENT_OCTAVES = 10;
const EXTENT_GAIN = 2;
/** A difference from the background of this much (of 255) or more counts as fully figure. */
const FULL_FIGURE = 60;

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
  const maps = computeMaps(image, difference);
  const grids = boxes.map((box) => layGrid(box, image, grid));
  const features = new Float32Array(boxes.length * size);
  const sums = new Float64Array((image.width + 1) * (image.height + 1));
  boxes.forEach((box, i) => {
    writeExtent(box, image, features.subarray(i * size, (i + 1) * size));
  });
  for (let m = 0; m < NUM_AVERAGED; m++) {
    integrate(maps, m * image.width * image.height, image, sums);
    grids.forEach((lines, i) => {
      averageCells(sums, image.width + 1, lines, features, i * size + m);
    });
  }
  return features;
}

/** (NUM_AVERAGED, height, width), each value 0 or more. */
function computeMaps({ width, height, data }: RgbImage, difference: Float32Array): Float32Array {
  const numPixels = width * height;
  const maps = new Float32Array(NUM_AVERAGED * numPixels);
  const figures = maps.subarray(FIGURE * numPixels, (FIGURE + 1) * numPixels);
  for (let pixel = 0; pixel < numPixels; pixel++) {
    const r = (data[pixel * 3] as number) / 255;
    const g = (data[pixel * 3 + 1] as number) / 255;
    const b = (data[pixel * 3 + 2] as number) / 255;
    const figure = Math.min(1, (difference[pixel] as number) / FULL_FIGURE);
    const light = 0.299 * r + 0.587 * g + 0.114 * b;
    figures[pixel] = figure;
    writeColor(maps, numPixels, pixel, figure, r, g, b);
    maps[DARK * numPixels + pixel] = figure * (1 - light);
    maps[GROUND * numPixels + pixel] = GROUND_GAIN * (1 - figure);
  }
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      writeEdges(maps, figures, width, height, x, y);
    }
  }
  return maps;
}

/**
 * Hue in soft bins weighted by chroma, lightness of what is grey in soft bins, and the channels themselves; all
 * weighted by how far the pixel stands out, so that two objects of one color agree whatever they lie on.
 */
function writeColor(
  maps: Float32Array,
  numPixels: number,
  pixel: number,
  figure: number,
  r: number,
  g: number,
  b: number,
): void {
  const most = Math.max(r, g, b);
  const least = Math.min(r, g, b);
  const chroma = most - least;
  if (chroma > 0) {
    let sixth: number;
    if (most === r) sixth = (g - b) / chroma + 6;
    else if (most === g) sixth = (b - r) / chroma + 2;
    else sixth = (r - g) / chroma + 4;
    const position = (sixth % 6) * (NUM_HUES / 6);
    const low = Math.min(Math.floor(position), NUM_HUES - 1);
    const high = low + 1 === NUM_HUES ? 0 : low + 1;
    maps[(HUE + low) * numPixels + pixel] = figure * chroma * (1 - position + low);
    maps[(HUE + high) * numPixels + pixel] = figure * chroma * (position - low);
  }
  const position = ((most + least) / 2) * (NUM_GREYS - 1);
  const low = Math.min(Math.floor(position), NUM_GREYS - 2);
  maps[(GREY + low) * numPixels + pixel] = figure * (1 - chroma) * (1 - position + low);
  maps[(GREY + low + 1) * numPixels + pixel] = figure * (1 - chroma) * (position - low);
  maps[RGB * numPixels + pixel] = figure * r;
  maps[(RGB + 1) * numPixels + pixel] = figure * g;
  maps[(RGB + 2) * numPixels + pixel] = figure * b;
}

/**
 * Strength of outlines by their direction (into the figure differs from out of it). Taken from how far pixels stand
 * out and not from brightness, an outline is as strong for a green object on grey as for a white one.
 */
function writeEdges(
  maps: Float32Array,
  figures: Float32Array,
  width: number,
  height: number,
  x: number,
  y: number,
): void {
  const pixel = y * width + x;
  const numPixels = width * height;
  const left = figures[x > 0 ? pixel - 1 : pixel] as number;
  const right = figures[x < width - 1 ? pixel + 1 : pixel] as number;
  const above = figures[y > 0 ? pixel - width : pixel] as number;
  const below = figures[y < height - 1 ? pixel + width : pixel] as number;
  const dx = (right - left) / 2;
  const dy = (below - above) / 2;
  if (dx === 0 && dy === 0) return;
  const strength = EDGE_GAIN * Math.sqrt(dx * dx + dy * dy);
  maps[EDGE * numPixels + pixel] = strength;
  // Where round-off makes the angle a full turn, the last bin and the first share it as for no turn at all.
  const position = ((Math.atan2(dy, dx) / (2 * Math.PI) + 1) % 1) * NUM_DIRECTIONS;
  const low = Math.min(Math.floor(position), NUM_DIRECTIONS - 1);
  const high = low + 1 === NUM_DIRECTIONS ? 0 : low + 1;
  maps[(DIRECTION + low) * numPixels + pixel] = strength * (1 - position + low);
  maps[(DIRECTION + high) * numPixels + pixel] = strength * (position - low);
}

/**
 * How large a region is: the share of the picture that it covers, by octaves from 2^-10 to 1, in soft bins. The grid
 * is stretched over every region alike and so cannot tell; a detector's features can, since they see the surroundings.
 */
function writeExtent([x1, y1, x2, y2]: PixelBox, { width, height }: RgbImage, out: Float32Array): void {
  const octave = Math.log2(((x2 - x1) * (y2 - y1)) / (width * height));
  const position = Math.min(1, Math.max(0, 1 + octave / EXTENT_OCTAVES)) * (NUM_EXTENTS - 1);
  for (let cell = 0; cell < out.length / NUM_MAPS; cell++) {
    const distance = Math.abs((cell % NUM_EXTENTS) - position);
    out[cell * NUM_MAPS + EXTENT] = EXTENT_GAIN * Math.max(0, 1 - distance);
  }
}

/** Fills `sums`, (height + 1, width + 1): each entry the sum of one map over all pixels above and to the left. */
function integrate(
  maps: Float32Array,
  offset: number,
  { width, height }: RgbImage,
  sums: Float64Array,
): void {
  const stride = width + 1;
  for (let y = 0, source = offset; y < height; y++) {
    let rowSum = 0;
    let target = (y + 1) * stride + 1;
    for (let x = 0; x < width; x++, source++, target++) {
      rowSum += maps[source] as number;
      sums[target] = rowSum + (sums[target - stride] as number);
    }
  }
}

/** The lines of one region's grid: the pixel each begins in, and how far into it. */
interface Grid {
  readonly numCells: number;
  /** Room for the sums along two lines. */
  readonly above: Float64Array;
  readonly below: Float64Array;
  readonly inverseArea: number;
  readonly columns: Int32Array;
  readonly columnShares: Float64Array;
  readonly rows: Int32Array;
  readonly rowShares: Float64Array;
}

function layGrid([x1, y1, x2, y2]: PixelBox, { width, height }: RgbImage, numCells: number): Grid {
  const lines = Array.from({ length: numCells + 1 }, (_, i) => i / numCells);
  const xs = lines.map((share) => x1 + (x2 - x1) * share);
  const ys = lines.map((share) => y1 + (y2 - y1) * share);
  // The line at the border belongs to the last pixel, one whole pixel in.
  const columns = Int32Array.from(xs, (x) => Math.min(width - 1, Math.floor(x)));
  const rows = Int32Array.from(ys, (y) => Math.min(height - 1, Math.floor(y)));
  return {
    numCells,
    above: new Float64Array(numCells + 1),
    below: new Float64Array(numCells + 1),
    inverseArea: (numCells * numCells) / ((x2 - x1) * (y2 - y1)),
    columns,
    columnShares: Float64Array.from(xs, (x, i) => x - (columns[i] as number)),
    rows,
    rowShares: Float64Array.from(ys, (y, i) => y - (rows[i] as number)),
  };
}

/** Writes the average of one map over each cell of a grid, every NUM_MAPS-th entry of `out` from `offset`. */
function averageCells(
  sums: Float64Array,
  stride: number,
  grid: Grid,
  out: Float32Array,
  offset: number,
): void {
  const { numCells } = grid;
  let { above, below } = grid;
  for (let j = 0, target = offset; j <= numCells; j++) {
    const row = (grid.rows[j] as number) * stride;
    const down = grid.rowShares[j] as number;
    for (let i = 0; i <= numCells; i++) {
      const at = row + (grid.columns[i] as number);
      const right = grid.columnShares[i] as number;
      // Between pixels the sum grows linearly in each direction, so interpolating it is exact.
      const upper = (sums[at] as number) * (1 - right) + (sums[at + 1] as number) * right;
      const lower = (sums[at + stride] as number) * (1 - right) + (sums[at + stride + 1] as number) * right;
      below[i] = upper * (1 - down) + lower * down;
    }
    for (let i = 0; j > 0 && i < numCells; i++, target += NUM_MAPS) {
      const sum =
        (below[i + 1] as number) - (below[i] as number) - (above[i + 1] as number) + (above[i] as number);
      // Rounding of the sums can leave a cell of nothing a hair under zero.
      out[target] = Math.max(0, sum * grid.inverseArea);
    }
    [above, below] = [below, above];
  }
}
