/**
 * @file Which version of a layer's arithmetic runs: this project's own operators over packed rows, or the same written
 * plainly with libtorch's. On the processor the own ones do several steps in one kernel; on GPUs they are libtorch's
 * kernels with this project's gradient buffers. The plain version is the truth that tests hold the others against.
 */

import type { Tensor } from '../../torch/index.js';

let isPlain = false;

/** Runs `body` with the plain version of everything. */
export function withPlainOperators<T>(body: () => T): T {
  const before = isPlain;
  isPlain = true;
  try {
    return body();
  } finally {
    isPlain = before;
  }
}

/** True when the own operators can take these rows. */
export function canFuse(x: Tensor): boolean {
  if (isPlain) return false;
  const { dtype } = x;
  return dtype === 'float32' || dtype === 'bfloat16' || (dtype === 'float16' && x.device !== 'cpu');
}

/** True when rows are to be laid out as a GPU's kernels want them. */
export function isOnGpu(x: Tensor): boolean {
  return !isPlain && x.device !== 'cpu';
}
