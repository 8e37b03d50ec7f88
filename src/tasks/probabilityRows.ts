/** @file Probabilities of a head by rows, wherever they were computed, and the largest of each row. */

/** (B, size) row-major; a tensor is one, and so is what a model without libtorch gives. */
export interface ProbabilityRows {
  readonly shape: readonly number[];
  toFloat32Array(): Float32Array;
}

/** Numbers of plain memory as such. @param values (B, size) row-major */
export function probabilityRows(values: Float32Array, size: number): ProbabilityRows {
  return { shape: [values.length / size, size], toFloat32Array: () => values };
}

/** What several models say, each equally much: sums in float64, so that the order of the models does not matter. */
export function averageValues(each: readonly Float32Array[]): Float32Array {
  const sum = (place: number): number => each.reduce((total, values) => total + (values[place] ?? 0), 0);
  return Float32Array.from({ length: each[0]?.length ?? 0 }, (_, place) => sum(place) / each.length);
}

/**
 * The places of the largest values of a row, the largest first, and of equal ones the first first.
 *
 * @param values of one row
 * @param numBest at most as many as there are values
 */
export function largestPlaces(values: Float32Array, numBest: number): number[] {
  const best: number[] = [];
  for (const [place, value] of values.entries()) {
    // A row has thousands of values and few are wanted: most are smaller than the last of the best.
    const last = best.at(-1);
    if (best.length === numBest && !(value > (values[last ?? 0] as number))) continue;
    let at = best.length;
    while (at > 0 && value > (values[best[at - 1] as number] as number)) at--;
    best.splice(at, 0, place);
    if (best.length > numBest) best.pop();
  }
  return best;
}
