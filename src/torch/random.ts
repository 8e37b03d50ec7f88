/** @file libtorch's random generators: seeds, and states that can be saved and put back. */

import { native } from './native.js';
import { Tensor } from './tensor.js';

/** Seeds the generators of every device. */
export function manualSeed(seed: number): void {
  native().manualSeed(seed);
}

/** The state of a device's generator, as a tensor of bytes for a snapshot. */
export function getRandomState(device = 'cpu'): Tensor {
  return native().randomState(device) as Tensor;
}

/** Puts back a state of {@link getRandomState}. @throws TypeError for what is no tensor */
export function setRandomState(state: Tensor, device = 'cpu'): void {
  if (!(state instanceof Tensor)) throw new TypeError('setRandomState expects a state from getRandomState.');
  native().setRandomState(device, state);
}
