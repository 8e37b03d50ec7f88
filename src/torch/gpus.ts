/** @file The NVIDIA GPUs of this machine as the driver tells them, and which of them this process may use. */

import { formatGibibytes } from '../formats/numbers.js';
import { native } from './native.js';
import type { Gpu, NvidiaDriver } from './nativeBinding.js';

/** A GPU that CUDA gives to this process, under the name that `--device` has for it. */
export interface VisibleGpu {
  readonly device: `cuda:${number}`;
  /** null for a part of a GPU (MIG): the list of GPUs has whole ones only. */
  readonly gpu: Gpu | null;
}

/**
 * Asks NVIDIA's management library, which comes with the driver. `LXMERT_NVML` names another file than the one that
 * the system finds.
 *
 * @returns null where there is no driver, or one that does not answer
 */
export function readNvidiaDriver(): NvidiaDriver | null {
  return native().gpus(process.env.LXMERT_NVML || 'libnvidia-ml.so.1');
}

/**
 * Which GPUs a process with this `CUDA_VISIBLE_DEVICES` sees, in the order in which CUDA numbers them. The rules are
 * CUDA's: numbers or beginnings of UUIDs between commas; the first entry that names no GPU ends the list; a GPU that
 * is named twice leaves none; an empty text hides all.
 *
 * @param setting undefined when the variable is not set
 */
export function visibleGpus(gpus: readonly Gpu[], setting: string | undefined): VisibleGpu[] {
  const chosen = setting === undefined ? [...gpus] : chosenGpus(gpus, setting);
  return chosen.map((gpu, number) => ({ device: `cuda:${number}`, gpu }));
}

function chosenGpus(gpus: readonly Gpu[], setting: string): (Gpu | null)[] {
  const entries = setting.split(',').map((entry) => entry.trim());
  // A process gets one part of a GPU at most.
  if (entries[0]?.startsWith('MIG-')) return [null];
  const chosen: Gpu[] = [];
  for (const entry of entries) {
    const gpu = namedGpu(gpus, entry);
    if (gpu === undefined) break;
    if (chosen.includes(gpu)) return [];
    chosen.push(gpu);
  }
  return chosen;
}

/** The GPU of a number or of a UUID's beginning; undefined when none or several are meant. */
function namedGpu(gpus: readonly Gpu[], entry: string): Gpu | undefined {
  if (entry.startsWith('GPU-')) {
    const matches = gpus.filter(({ uuid }) => uuid.startsWith(entry));
    return matches.length === 1 ? matches[0] : undefined;
  }
  // As C's strtoul reads it: what follows the digits does not count.
  const number = /^\+?(\d+)/.exec(entry)?.[1];
  return number === undefined ? undefined : gpus.find(({ index }) => index === Number(number));
}

/**
 * Whether CUDA may number the GPUs in another order than the driver lists them. With GPUs of several kinds it puts
 * the fastest first, unless `CUDA_DEVICE_ORDER` asks for the order of the slots.
 */
export function isOrderUncertain(gpus: readonly Gpu[], deviceOrder: string | undefined): boolean {
  return deviceOrder !== 'PCI_BUS_ID' && new Set(gpus.map(({ name }) => name)).size > 1;
}

/** One line about a GPU, as in `NVIDIA H100 80GB HBM3, 79.6 GiB (78.9 free), compute capability 9.0`. */
export function describeGpu({ name, totalBytes, freeBytes, computeCapability }: Gpu): string {
  const parts = [name];
  if (totalBytes !== null) {
    const free = freeBytes === null ? '' : ` (${(freeBytes / 2 ** 30).toFixed(1)} free)`;
    parts.push(`${formatGibibytes(totalBytes, 1)}${free}`);
  }
  if (computeCapability !== null) parts.push(`compute capability ${computeCapability}`);
  return parts.join(', ');
}
