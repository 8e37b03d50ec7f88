/**
 * @file Which cells each bin of a pooled region covers, by the rule of Caffe's RoI max pooling
 * (native/operators/regions.cc), as places in a table of window maxima.
 */

const { fround } = Math;

/** Added to a place of a bin without cells: whatever else is added, the sum stays below 0. */
const NO_CELLS = -(2 ** 30);

export interface MapSize {
  readonly numImages: number;
  readonly height: number;
  readonly width: number;
}

export interface PoolingPlan {
  readonly numRegions: number;
  /**
   * (numRegions, 4, bins) int32: the first and the second window over rows, then both over columns. A sum of one of the
   * rows' and one of the columns' is the window's place in the table; a sum below 0 is a bin without cells.
   */
  readonly places: Int32Array;
  /** Windows of 1, 2, 4, ... cells that are needed along each side. */
  readonly rowLevels: number;
  readonly columnLevels: number;
}

/** Cells begin .. end - 1. */
interface Range {
  readonly begin: number;
  readonly end: number;
}

/**
 * A bin of n cells is covered by two windows of the largest power of two that is not above n: one from its beginning, one
 * to its end. So the maximum over any bin is that of four windows, rows by columns.
 *
 * @param boxes of each picture, (n, 4) in pixels of the scaled picture
 * @param scale cells of the map for one pixel
 * @param bins of a pooled region's side
 */
export function poolingPlan(
  boxes: readonly Float32Array[],
  map: MapSize,
  scale: number,
  bins: number,
): PoolingPlan {
  const rows: Range[] = [];
  const columns: Range[] = [];
  const pictures: number[] = [];
  boxes.forEach((own, picture) => {
    for (let i = 0; i < own.length; i += 4) {
      const [x1, y1, x2, y2] = own.subarray(i, i + 4) as unknown as [number, number, number, number];
      columns.push(...binRanges(x1, x2, scale, bins, map.width));
      rows.push(...binRanges(y1, y2, scale, bins, map.height));
      pictures.push(picture);
    }
  });
  const rowLevels = levelsFor(rows);
  const columnLevels = levelsFor(columns);
  const tableSize = map.numImages * map.height * map.width;
  const places = new Int32Array(pictures.length * 4 * bins);
  pictures.forEach((picture, region) => {
    for (let bin = 0; bin < bins; bin++) {
      const from = region * bins + bin;
      const to = region * 4 * bins + bin;
      const firstCell = picture * map.height * map.width;
      setPlaces(places, to, bins, rows[from] as Range, (level, y) => {
        return level * columnLevels * tableSize + firstCell + y * map.width;
      });
      setPlaces(places, to + 2 * bins, bins, columns[from] as Range, (level, x) => level * tableSize + x);
    }
  });
  return { numRegions: pictures.length, places, rowLevels, columnLevels };
}

function setPlaces(
  places: Int32Array,
  at: number,
  bins: number,
  { begin, end }: Range,
  placeOf: (level: number, cell: number) => number,
): void {
  if (begin >= end) {
    places[at] = places[at + bins] = NO_CELLS;
    return;
  }
  const level = levelOf(end - begin);
  places[at] = placeOf(level, begin);
  places[at + bins] = placeOf(level, end - 2 ** level);
}

/** The largest l with 2^l <= count. */
function levelOf(count: number): number {
  return 31 - Math.clz32(count);
}

function levelsFor(ranges: readonly Range[]): number {
  const longest = ranges.reduce((most, { begin, end }) => Math.max(most, end - begin), 1);
  return levelOf(longest) + 1;
}

/** Products are rounded to float32 before they are rounded to cells: that decides which cells a bin has. */
function binRanges(low: number, high: number, scale: number, bins: number, mapSize: number): Range[] {
  const factor = fround(scale);
  const start = roundHalfAway(fround(low * factor));
  const last = roundHalfAway(fround(high * factor));
  const bin = fround(Math.max(last - start + 1, 1) / bins);
  const within = (cell: number): number => Math.min(Math.max(cell, 0), mapSize);
  return Array.from({ length: bins }, (_, p) => ({
    begin: within(Math.floor(fround(p * bin)) + start),
    end: within(Math.ceil(fround((p + 1) * bin)) + start),
  }));
}

/** As C's `round`. */
function roundHalfAway(value: number): number {
  return Math.sign(value) * Math.round(Math.abs(value));
}
