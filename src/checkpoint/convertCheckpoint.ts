/** @file From one family's names and one layout to another's. */

import { scope, type Tensor } from '../torch/index.js';
import { CheckpointFile } from './checkpointFile.js';
import { type NamingFamily, referenceFamily } from './names/tensorNames.js';
import { isSameView, type TensorEntry } from './tensorEntry.js';
import { saveCheckpoint } from './write/saveCheckpoint.js';

export interface ConvertedCheckpoint {
  readonly output: string;
  readonly numTensors: number;
  readonly names: NamingFamily;
}

/**
 * Writes the tensors of `input` under the names of the reference or of Hugging Face; the ending of `output` chooses
 * the layout. Values and element types stay as they are. Tensors are mapped, not read into memory, and tied ones
 * stay tied where the layout can say so.
 *
 * @throws LxmertError for a tensor that the other family has no name for
 */
export async function convertCheckpoint(
  input: string,
  output: string,
  to: 'reference' | 'huggingface',
): Promise<ConvertedCheckpoint> {
  const checkpoint = await CheckpointFile.open(input);
  const names = to === 'huggingface' ? 'huggingface' : referenceFamily(checkpoint.entries.keys());
  const tensors = new Map<string, Tensor>();
  const seen: [TensorEntry, Tensor][] = [];
  try {
    for (const [name, entry] of checkpoint.entries) {
      const tied = seen.find(([other]) => isSameView(other, entry))?.[1];
      const tensor = tied ?? scope(() => checkpoint.tensor(name));
      if (tied === undefined) seen.push([entry, tensor]);
      tensors.set(name, tensor);
    }
    await saveCheckpoint(output, tensors, names);
    return { output, numTensors: tensors.size, names };
  } finally {
    for (const [, tensor] of seen) tensor.dispose();
  }
}
