/** @file Options about the device that computes. */

import { z } from 'zod';
import { allowTf32, type Device, defaultDevice, parseDevice, useDevice } from '../../torch/index.js';

export const deviceOptions = {
  device: z
    .string()
    .regex(/^(auto|cpu|cuda|cuda:\d+)$/, "expected 'cpu', 'cuda', 'cuda:1' or 'auto'")
    .default('auto')
    .describe('What computes: cpu, cuda (the first GPU), cuda:1; auto takes a GPU where there is one')
    .meta({ valueName: 'DEVICE' }),
  tf32: z
    .boolean()
    .default(false)
    .describe('On a GPU: let float32 products round their factors to TF32, which is faster'),
};

/** The device that {@link deviceOptions} name, in use from now on. @throws UsageError when it is not there */
export function deviceOf({ device, tf32 }: { device: string; tf32: boolean }): Device {
  const used = useDevice(device === 'auto' ? defaultDevice() : parseDevice(device));
  if (used !== 'cpu') allowTf32(tf32);
  return used;
}
