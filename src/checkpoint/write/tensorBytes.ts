/** @file A tensor's bytes in row-major order. */

import { noGrad, scope, type Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';

/** The bytes, over the tensor's own memory where it is contiguous. They outlive the tensor. */
export function bytesOf(tensor: Tensor): Uint8Array {
  return scope(() =>
    noGrad(() => {
      const view = ops.contiguous(ops.detach(tensor)).data();
      return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    }),
  );
}
