/** @file Switching gradient recording on and off, and gradients of chosen inputs. */

import { native } from './native.js';
import type { Tensor } from './tensor.js';

function withGradEnabled<T>(enabled: boolean, body: () => T): T {
  const before = native().setGradEnabled(enabled);
  try {
    const result = body();
    if (result instanceof Promise) {
      throw new TypeError('noGrad and withGrad need a function that returns its result, not a promise.');
    }
    return result;
  } finally {
    native().setGradEnabled(before);
  }
}

/** Runs `body` without recording a graph. `body` may not be asynchronous. */
export function noGrad<T>(body: () => T): T {
  return withGradEnabled(false, body);
}

/** Runs `body` with recording on, also inside {@link noGrad}. */
export function withGrad<T>(body: () => T): T {
  return withGradEnabled(true, body);
}

/**
 * Gradients of `outputs` with respect to `inputs`, without touching any `.grad`. Null for an input that no
 * output depends on.
 */
export function gradients(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  options: { outputGradients?: readonly Tensor[]; retainGraph?: boolean } = {},
): (Tensor | null)[] {
  const { outputGradients = null, retainGraph = false } = options;
  return native().gradients(outputs, inputs, outputGradients, retainGraph) as (Tensor | null)[];
}

/**
 * Names where the operators over packed rows put a parameter's gradient, and its values in bfloat16.
 *
 * A parameter without a gradient takes `gradient` as its own at the next backward pass, whose values replace what was
 * in the buffer; setting `.grad` to null makes the next pass start anew. Both tensors have the parameter's shape.
 * A gradient buffer of an embedding must be all zeros when it is named here.
 */
export function setParameterBuffers(
  parameter: Tensor,
  gradient: Tensor | null,
  copy: Tensor | null = null,
): void {
  native().setParameterBuffers(parameter, gradient, copy);
}
