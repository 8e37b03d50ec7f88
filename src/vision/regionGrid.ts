/** @file The grid of one region: where its lines lie, and the average of each map over each of its cells. */

import { NUM_PIXEL_MAPS } from './pixelMaps.js';
import type { PixelSums } from './pixelSums.js';

/** Lines across a side: the pixel that each lies in, and how far into it, 0 to 1. */
interface Lines {
  readonly pixels: Int32Array;
  readonly shares: Float64Array;
}

/** Where a grid's averages go: `cellSize` numbers for each cell, cell by cell from the top left. */
export interface GridTarget {
  readonly values: Float32Array;
  readonly cellSize: number;
}

export class RegionGrid {
  readonly #columns: Lines;
  readonly #rows: Lines;
  readonly #inverseArea: number;
  /** (numCells + 1, NUM_PIXEL_MAPS): the sums along the line that was crossed last but one, and last. */
  #above: Float64Array;
  #below: Float64Array;
  #numCrossed = 0;

  /**
   * @param box x1, y1, x2, y2 in pixels of a picture of `width` x `height`
   * @param numCells in each direction
   */
  constructor(
    [x1, y1, x2, y2]: readonly [number, number, number, number],
    { width, height }: { readonly width: number; readonly height: number },
    private readonly numCells: number,
    private readonly target: GridTarget,
  ) {
    this.#columns = layLines(x1, x2, width, numCells);
    this.#rows = layLines(y1, y2, height, numCells);
    this.#inverseArea = (numCells * numCells) / ((x2 - x1) * (y2 - y1));
    this.#above = new Float64Array((numCells + 1) * NUM_PIXEL_MAPS);
    this.#below = new Float64Array((numCells + 1) * NUM_PIXEL_MAPS);
  }

  /** Columns of points at which it needs sums. */
  get columns(): number[] {
    const { pixels, shares } = this.#columns;
    return [...pixels].flatMap((pixel, i) => ((shares[i] as number) > 0 ? [pixel, pixel + 1] : [pixel]));
  }

  /** The row of pixels that its last line lies in. */
  get lastRow(): number {
    return this.#rows.pixels[this.numCells] as number;
  }

  /** Fills the cells that end in a row of pixels, the one that was added to the sums last. */
  crossRow(y: number, sums: PixelSums): void {
    while (this.#rows.pixels[this.#numCrossed] === y) {
      [this.#above, this.#below] = [this.#below, this.#above];
      this.#sumAlong(this.#rows.shares[this.#numCrossed] as number, sums);
      if (this.#numCrossed > 0) this.#fillCells(this.#numCrossed - 1);
      this.#numCrossed++;
    }
  }

  /** Between pixels the sum grows linearly in each direction, so interpolating it is exact. */
  #sumAlong(down: number, sums: PixelSums): void {
    const { above, below } = sums;
    const { pixels, shares } = this.#columns;
    const line = this.#below;
    for (let i = 0, to = 0; i < pixels.length; i++) {
      const right = shares[i] as number;
      const left = sums.placeOf(pixels[i] as number);
      const next = right > 0 ? sums.placeOf((pixels[i] as number) + 1) : left;
      for (let m = 0; m < NUM_PIXEL_MAPS; m++, to++) {
        const upper = (above[left + m] as number) * (1 - right) + (above[next + m] as number) * right;
        const lower = (below[left + m] as number) * (1 - right) + (below[next + m] as number) * right;
        line[to] = upper * (1 - down) + lower * down;
      }
    }
  }

  /** A row of cells, from the sums along the lines above and below it. */
  #fillCells(row: number): void {
    const { numCells } = this;
    const { values, cellSize } = this.target;
    const above = this.#above;
    const below = this.#below;
    for (let i = 0, left = 0; i < numCells; i++, left += NUM_PIXEL_MAPS) {
      const to = (row * numCells + i) * cellSize;
      const right = left + NUM_PIXEL_MAPS;
      for (let m = 0; m < NUM_PIXEL_MAPS; m++) {
        const sum =
          (below[right + m] as number) -
          (below[left + m] as number) -
          (above[right + m] as number) +
          (above[left + m] as number);
        // Rounding of the sums can leave a cell of nothing a hair under zero.
        values[to + m] = Math.max(0, sum * this.#inverseArea);
      }
    }
  }
}

function layLines(from: number, to: number, size: number, numCells: number): Lines {
  const places = Float64Array.from({ length: numCells + 1 }, (_, i) => from + (to - from) * (i / numCells));
  // The line at the border belongs to the last pixel, one whole pixel in.
  const pixels = Int32Array.from(places, (place) => Math.min(size - 1, Math.floor(place)));
  return { pixels, shares: places.map((place, i) => place - (pixels[i] as number)) };
}
