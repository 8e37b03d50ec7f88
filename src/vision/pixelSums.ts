/** @file Sums of a picture's maps over all pixels above and to the left of a point, made row by row. */

import type { RgbImage } from '../common/rgbImage.js';
import { addColor, addEdge, figureOf, NUM_PIXEL_MAPS } from './pixelMaps.js';

/** Sums of a column: a multiple of four, see `sumInto`. */
const STRIDE = 4 * Math.ceil(NUM_PIXEL_MAPS / 4);

/**
 * The sums at one row of points and at the next. Kept for whole pictures they would take 250 bytes a pixel, and most of the
 * time to bring them to and from memory; two rows stay in the processor's cache.
 */
export class PixelSums {
  /** (columns asked for, STRIDE): over the pixels above the row that was added last. */
  above: Float64Array;
  /** The same with that row. */
  below: Float64Array;
  /** (width + 1): where the sums of a column begin; -1 for one that was not asked for. */
  readonly #places: Int32Array;
  /** (width + 1): the last row of pixels for which the sums of a column are wanted. */
  readonly #ends: Int32Array;
  /** (height, width) */
  readonly #figures: Float32Array;
  readonly #row = new Float64Array(STRIDE);

  /**
   * @param difference (height, width), see `differenceFromBackground`
   * @param wanted columns of points, 0 to width, at which sums are wanted, and to which row of pixels
   */
  constructor(
    private readonly image: RgbImage,
    private readonly difference: Float32Array,
    wanted: Iterable<{ readonly columns: Iterable<number>; readonly lastRow: number }>,
  ) {
    this.#places = new Int32Array(image.width + 1).fill(-1);
    this.#ends = new Int32Array(image.width + 1).fill(-1);
    for (const { columns, lastRow } of wanted) {
      for (const column of columns) this.#ends[column] = Math.max(this.#ends[column] as number, lastRow);
    }
    let size = 0;
    for (let column = 0; column < this.#places.length; column++) {
      if ((this.#ends[column] as number) < 0) continue;
      this.#places[column] = size;
      size += STRIDE;
    }
    this.above = new Float64Array(size);
    this.below = new Float64Array(size);
    this.#figures = new Float32Array(difference.length);
    for (let i = 0; i < difference.length; i++) this.#figures[i] = figureOf(difference[i] as number);
  }

  /** Where the sums at a column begin. */
  placeOf(column: number): number {
    return this.#places[column] as number;
  }

  /** Goes on to the next row of points: adds a row of pixels. Rows are added in their order. */
  addRow(y: number): void {
    [this.above, this.below] = [this.below, this.above];
    const { width, height, data } = this.image;
    const { above, below, difference } = this;
    const figures = this.#figures;
    const places = this.#places;
    const ends = this.#ends;
    const row = this.#row.fill(0);
    const first = y * width;
    const up = y > 0 ? -width : 0;
    const down = y < height - 1 ? width : 0;
    for (let x = 0, pixel = first; x < width; x++, pixel++) {
      const figure = figureOf(difference[pixel] as number);
      addColor(row, figure, data, 3 * pixel);
      const left = figures[x > 0 ? pixel - 1 : pixel] as number;
      const right = figures[x < width - 1 ? pixel + 1 : pixel] as number;
      const dx = (right - left) / 2;
      const dy = ((figures[pixel + down] as number) - (figures[pixel + up] as number)) / 2;
      addEdge(row, dx, dy);
      if ((ends[x + 1] as number) >= y) sumInto(below, above, row, places[x + 1] as number);
    }
  }
}

/** The sums of a row so far, onto those above it. Four at once, as to count and compare would take as long as to add. */
function sumInto(below: Float64Array, above: Float64Array, row: Float64Array, place: number): void {
  for (let m = 0, at = place; m < STRIDE; m += 4, at += 4) {
    below[at] = (row[m] as number) + (above[at] as number);
    below[at + 1] = (row[m + 1] as number) + (above[at + 1] as number);
    below[at + 2] = (row[m + 2] as number) + (above[at + 2] as number);
    below[at + 3] = (row[m + 3] as number) + (above[at + 3] as number);
  }
}
