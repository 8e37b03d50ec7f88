/** @file What rows of region features have in common, and what no detector of this field could have made. */

import { type FeatureRow, featureSizeOf } from '../features/files.js';
import { formatCount, formatNumber } from '../formats/numbers.js';

/** Above it no value of the detector lies: the largest seen is about 35. */
const MAX_PLAUSIBLE_FEATURE = 100;

/** Counts over rows that were looked at. */
export class RowFacts {
  numRows = 0;
  readonly imageIds = new Set<string>();
  featureSize: number | undefined;
  #leastBoxes = Number.POSITIVE_INFINITY;
  #mostBoxes = 0;
  #low = Number.POSITIVE_INFINITY;
  #high = Number.NEGATIVE_INFINITY;
  #numZeros = 0;
  #numValues = 0;
  #largestCoordinate = 0;
  #numWithLabels = 0;
  #smallestSide = Number.POSITIVE_INFINITY;
  #numTwice = 0;

  add(row: FeatureRow): void {
    this.numRows++;
    if (this.imageIds.has(row.imageId)) this.#numTwice++;
    this.imageIds.add(row.imageId);
    this.featureSize = featureSizeOf(row);
    this.#leastBoxes = Math.min(this.#leastBoxes, row.numBoxes);
    this.#mostBoxes = Math.max(this.#mostBoxes, row.numBoxes);
    this.#smallestSide = Math.min(this.#smallestSide, row.width, row.height);
    for (const value of row.boxes) this.#largestCoordinate = Math.max(this.#largestCoordinate, value);
    for (const value of row.features) {
      if (value < this.#low) this.#low = value;
      if (value > this.#high) this.#high = value;
      if (value === 0) this.#numZeros++;
    }
    this.#numValues += row.features.length;
    if (row.objectsConf.some((value) => value !== 0)) this.#numWithLabels++;
  }

  facts(): string[] {
    if (this.numRows === 0) return [];
    const boxes =
      this.#leastBoxes === this.#mostBoxes
        ? `${this.#mostBoxes}`
        : `${this.#leastBoxes} to ${this.#mostBoxes}`;
    const labels =
      this.#numWithLabels === this.numRows
        ? 'with labels'
        : this.#numWithLabels === 0
          ? 'without labels'
          : 'some with labels';
    const zeros = Math.round((100 * this.#numZeros) / Math.max(1, this.#numValues));
    return [
      `${boxes} boxes of ${formatCount(this.featureSize ?? 0, 'value')}, ${labels}; images such as ${[...this.imageIds][0]}`,
      `features from ${short(this.#low)} to ${short(this.#high)}, ${zeros} % zeros; boxes up to ${short(this.#largestCoordinate)} pixels`,
    ];
  }

  problems(): string[] {
    const found: string[] = [];
    if (this.numRows === 0) return found;
    if (this.#low < 0 || this.#high > MAX_PLAUSIBLE_FEATURE) {
      found.push(
        `Its features range from ${short(this.#low)} to ${short(this.#high)}, where the detector's lie between 0 and about 35: ` +
          'another detector made them, or they were read as another number type than they are.',
      );
    } else if (this.#high === 0) found.push('All of its features are 0.');
    if (this.#largestCoordinate <= 1.001 && this.#smallestSide > 2) {
      found.push(
        'All boxes lie within one pixel: they look like shares of the picture (0 to 1), where pixels are wanted, and a model ' +
          'would see every region as a point.',
      );
    }
    if (this.#numTwice > 0)
      found.push(`${formatNumber(this.#numTwice)} of its rows have an image that occurred before.`);
    return found;
  }
}

function short(value: number): string {
  const digits = value.toPrecision(3);
  return Math.abs(value) >= 1e6 ? digits : String(Number(digits));
}
