/** @file Which devices there are, and the one that a person named. */

import { LxmertError, UsageError } from '../common/errors.js';
import { setupCommand } from '../common/installation.js';
import type { Device } from './dtype.js';
import { buildRecord, native } from './native.js';
import { runtimeInfo } from './runtime.js';

/** What `--device` may say: a device, or `auto`: the first GPU where libtorch sees one, else the processor. */
export type DeviceChoice = Device | 'auto';

const NAMED = /^(cpu|auto|cuda|cuda:\d+|privateuseone:\d+)$/;

/** @throws UsageError for what names no device */
export function parseDevice(text: string): DeviceChoice {
  if (!NAMED.test(text)) {
    throw new UsageError(
      `'${text}' is no device: expected 'cpu', 'cuda' (the first GPU), 'cuda:1' (the second) or 'auto'.`,
    );
  }
  return text as DeviceChoice;
}

/** GPUs that libtorch sees; `CUDA_VISIBLE_DEVICES` chooses and orders them. */
export function numGpus(): number {
  return native().numDevices('cuda');
}

/** What is used where nobody named a device: `LXMERT_DEVICE`, else `auto`. */
export function defaultDevice(): DeviceChoice {
  const named = process.env.LXMERT_DEVICE;
  return named === undefined || named === '' ? 'auto' : parseDevice(named);
}

/**
 * The device that a choice means, with its number, made the one that this thread computes on.
 *
 * @throws UsageError in one sentence when it is not there
 */
export function useDevice(choice: DeviceChoice = defaultDevice()): Device {
  if (choice === 'auto') return useDevice(numGpus() > 0 ? 'cuda' : 'cpu');
  if (choice === 'cpu') return choice;
  const device: Device = choice === 'cuda' ? 'cuda:0' : choice;
  const [type = '', index = '0'] = device.split(':');
  const count = native().numDevices(type);
  if (Number(index) >= count) throw new UsageError(absent(device, type, count));
  native().setDevice(device);
  if (!isTf32Decided) allowTf32(false);
  return device;
}

function absent(device: Device, type: string, count: number): string {
  if (count > 0) {
    const hidden = process.env.CUDA_VISIBLE_DEVICES;
    const because = hidden === undefined ? '' : ` with CUDA_VISIBLE_DEVICES=${hidden}`;
    const list = Array.from({ length: count }, (_, i) => `'${type}:${i}'`).join(', ');
    return `There is no device '${device}': libtorch sees ${count === 1 ? 'one GPU' : `${count} GPUs`}${because}, ${list}.`;
  }
  const record = buildRecord();
  const { torchVersion } = runtimeInfo();
  const where =
    record === undefined ? `libtorch (${torchVersion})` : `libtorch (${record.version} in ${record.root})`;
  if (record?.cuda === true) {
    return `This ${where} can compute on NVIDIA GPUs, but sees none, so there is no device '${device}': 'lxmert doctor' says what it finds of GPU and driver.`;
  }
  return `This ${where} computes on the processor only, so there is no device '${device}'. Install one with CUDA (for instance Python's torch) and run 'LIBTORCH=... ${setupCommand()}'.`;
}

let isTf32Decided = false;

/**
 * Whether float32 products and convolutions on a GPU may round their factors to TF32: ten times faster, 11 bits. They may
 * not unless somebody says so; libtorch by itself lets convolutions.
 */
export function allowTf32(allowed: boolean): void {
  isTf32Decided = true;
  native().allowTf32(allowed);
}

/**
 * Refuses a format that a device cannot compute in.
 *
 * @throws UsageError in one sentence
 */
export function requirePrecision(precision: string, device: Device): void {
  if (precision === 'int8' && device !== 'cpu') {
    throw new UsageError(
      'int8 is for processors: a GPU computes in float32, bfloat16 or float16. Use --precision float16, or --device cpu.',
    );
  }
  if (precision === 'float16' && device === 'cpu') {
    throw new UsageError(
      "float16 is for GPUs: the processor's kernels know float32 and bfloat16. Use --precision bfloat16, or --device cuda.",
    );
  }
}

/** Whether this build can record graphs of kernels: it was made where the headers of CUDA are. */
export function hasGraphs(): boolean {
  return native().DeviceGraph !== undefined;
}

/** @throws LxmertError when it cannot */
export function requireGraphs(): void {
  if (!hasGraphs()) {
    throw new LxmertError(
      'This bridge was built without the headers of CUDA, so it cannot record CUDA graphs: docs/how-to/gpu.md says which package brings them.',
    );
  }
}
