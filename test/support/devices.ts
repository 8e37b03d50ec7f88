/**
 * @file The devices that tests run on: the processor, the practice device, which stands for a GPU where there is none,
 * and every GPU that libtorch sees.
 */

import { type Device, numGpus, scope, type Tensor } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import { practiceDevice } from './practiceDevice.js';

export const testDevices: readonly Device[] = [
  'cpu',
  practiceDevice(),
  ...Array.from({ length: Math.min(1, numGpus()) }, (_, i): Device => `cuda:${i}`),
];

/** All but the processor. */
export const gpuDevices: readonly Device[] = testDevices.filter((device) => device !== 'cpu');

/** A copy on a device; the tensor itself on the processor. */
export function onDevice(tensor: Tensor, device: Device): Tensor {
  return scope(() => ops.toDeviceOf(tensor, device));
}
