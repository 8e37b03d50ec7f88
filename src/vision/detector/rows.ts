/** @file Rows of a table that lies in one array. */

/** Rows `indices` of an array with `size` values a row. */
export function takeRows(values: Float32Array, size: number, indices: readonly number[]): Float32Array {
  const rows = new Float32Array(indices.length * size);
  indices.forEach((index, i) => {
    rows.set(values.subarray(index * size, (index + 1) * size), i * size);
  });
  return rows;
}
