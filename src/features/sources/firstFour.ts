/** @file Boxes out of rows that have more numbers behind their corners, such as widths and heights. */

/** (n, 4) of (n, width): the first four of the numbers that stand for each box; no copy where there are no others. */
export function firstFour(values: Float32Array, numBoxes: number): Float32Array {
  const width = values.length / numBoxes;
  if (width === 4) return values;
  const corners = new Float32Array(4 * numBoxes);
  for (let box = 0; box < numBoxes; box++)
    corners.set(values.subarray(box * width, box * width + 4), 4 * box);
  return corners;
}
