/** @file Waiting for a device, around what is timed. */

import type { Device } from '../../src/torch/index.js';
import { native } from '../../src/torch/native.js';

/** Returns when the device has done everything that it was told. */
export function synchronize(device: Device): void {
  if (device === 'cpu') return;
  const event = new (native().DeviceEvent)(device);
  event.record(native().currentStream(device));
  event.synchronize();
}
