/** @file Saving a model's tensors in a layout and under names of choice. */

import path from 'node:path';
import { UsageError } from '../../common/errors.js';
import type { Tensor } from '../../torch/index.js';
import { type HeadPrefixes, type NamingFamily, nameIn } from '../names/tensorNames.js';
import { type WritableTensor, writableFromTensor } from './writableTensor.js';
import { writePth } from './writePth.js';
import { writeSafetensors } from './writeSafetensors.js';

/**
 * Writes canonical tensors under the names of `family`; the file's ending chooses the layout: `.safetensors`, or
 * `.pth`, `.bin`, `.pt` for torch's.
 *
 * @param heads of a task, that the published code does not have
 * @throws UsageError for another ending
 */
export async function saveCheckpoint(
  file: string,
  tensors: ReadonlyMap<string, Tensor>,
  family: NamingFamily,
  heads: HeadPrefixes = [],
): Promise<void> {
  await writeByEnding(
    file,
    [...tensors].map(([name, tensor]) => writableFromTensor(nameIn(family, name, heads), tensor)),
  );
}

/** Writes tensors of any kind under the names they are given, as safetensors, with notes for whoever reads them. */
export async function saveTensors(
  file: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeSafetensors(
    file,
    [...tensors].map(([name, tensor]) => writableFromTensor(name, tensor)),
    metadata,
  );
}

/** The layout that a file's ending asks for. @throws UsageError for another ending */
export function layoutOf(file: string): 'safetensors' | 'pth-zip' {
  const ending = path.extname(file);
  if (ending === '.safetensors') return 'safetensors';
  if (['.pth', '.bin', '.pt'].includes(ending)) return 'pth-zip';
  throw new UsageError(
    `The ending of '${file}' must tell the layout to write: .safetensors, or .pth, .bin or .pt for torch's.`,
  );
}

/**
 * Writes tensors in the layout of the file's ending.
 *
 * @param notes for the metadata of safetensors
 * @throws UsageError for another ending
 */
export async function writeByEnding(
  file: string,
  tensors: readonly WritableTensor[],
  notes: Readonly<Record<string, string>> = {},
): Promise<void> {
  // Hugging Face's loader wants to be told whose tensors these are: 'pt' for PyTorch's.
  if (layoutOf(file) === 'safetensors') await writeSafetensors(file, tensors, { format: 'pt', ...notes });
  else await writePth(file, tensors);
}
