/** @file Saving a model's tensors in a layout and under names of choice. */

import path from 'node:path';
import { UsageError } from '../../common/errors.js';
import type { Tensor } from '../../torch/index.js';
import { type NamingFamily, nameIn } from '../names/tensorNames.js';
import { writePth } from './writePth.js';
import { writeSafetensors } from './writeSafetensors.js';

/**
 * Writes canonical tensors under the names of `family`; the file's ending chooses the layout: `.safetensors`, or
 * `.pth`, `.bin`, `.pt` for torch's.
 *
 * @throws UsageError for another ending
 */
export async function saveCheckpoint(
  file: string,
  tensors: ReadonlyMap<string, Tensor>,
  family: NamingFamily,
): Promise<void> {
  const named = new Map([...tensors].map(([name, tensor]) => [nameIn(family, name), tensor]));
  const ending = path.extname(file);
  if (ending === '.safetensors') await writeSafetensors(file, named, { format: 'pt' });
  else if (['.pth', '.bin', '.pt'].includes(ending)) await writePth(file, named);
  else {
    throw new UsageError(
      `The ending of '${file}' must tell the layout to write: .safetensors, or .pth, .bin or .pt for torch's.`,
    );
  }
}
