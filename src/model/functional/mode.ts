/**
 * @file Which version of a layer's arithmetic runs: this project's own operators, which do several steps at once over
 * packed rows on the CPU, or the same written plainly with libtorch's. The plain one is the truth that tests hold the
 * other against, and what every other device and format uses.
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

/** True when the fused operators can take these rows. */
export function canFuse(x: Tensor): boolean {
  if (isPlain || x.device !== 'cpu') return false;
  const { dtype } = x;
  return dtype === 'float32' || dtype === 'bfloat16';
}
