/**
 * @file The devices that tests run on: the processor, the practice device, which stands for a card where there is none,
 * and every card that libtorch sees.
 */

import { type Device, numCards, scope, type Tensor } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import { practiceDevice } from './practiceDevice.js';

export const testDevices: readonly Device[] = [
  'cpu',
  practiceDevice(),
  ...Array.from({ length: Math.min(1, numCards()) }, (_, i): Device => `cuda:${i}`),
];

/** All but the processor. */
export const cardDevices: readonly Device[] = testDevices.filter((device) => device !== 'cpu');

/** A copy on a device; the tensor itself on the processor. */
export function onDevice(tensor: Tensor, device: Device): Tensor {
  return scope(() => ops.toDeviceOf(tensor, device));
}
