/** @file First values of weights: drawn, or none at all where they are read from a file at once. */

import type { Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';

let isDrawing = true;

/**
 * Makes models whose weights hold anything until they are loaded, all of them: memory that nothing is written to is not taken,
 * and drawing 200 million numbers takes seconds.
 */
export function withoutDrawing<M>(make: () => M): M {
  const before = isDrawing;
  isDrawing = false;
  try {
    return make();
  } finally {
    isDrawing = before;
  }
}

/** A weight from normal(0, `std`), (rows, columns) float32. */
export function drawn(rows: number, columns: number, std: number): Tensor {
  const weight = ops.empty([rows, columns]);
  return isDrawing ? ops.normal_(weight, 0, std) : weight;
}
