/** @file From one family's names and one layout to another's. */

import { encoderShapes } from './architecture.js';
import { CheckpointError } from './checkpointError.js';
import { CheckpointFile } from './checkpointFile.js';
import { modelSizes } from './modelSizes.js';
import { isKnownPart, type NamingFamily, nameIn, referenceFamily } from './names/tensorNames.js';
import { isSameView, type TensorEntry } from './tensorEntry.js';
import { layoutOf, writeByEnding } from './write/saveCheckpoint.js';
import { type WritableTensor, writableFromEntry } from './write/writableTensor.js';

export interface ConvertedCheckpoint {
  readonly output: string;
  readonly numTensors: number;
  readonly names: NamingFamily;
  /** Tensors of the input that are no part of LXMERT, by their names there; they are not in the output. */
  readonly leftOut: readonly string[];
}

/**
 * Writes the tensors of `input` under the names of the reference or of Hugging Face; the ending of `output` chooses
 * the layout. Values and element types stay as they are. Tensors go from file to file in pieces, so memory stays
 * small whatever the model's size, and tied ones stay tied where the layout can say so.
 *
 * @throws CheckpointError when the input is not a whole LXMERT encoder, with or without heads
 * @throws UsageError for an output whose ending names no layout
 */
export async function convertCheckpoint(
  input: string,
  output: string,
  to: 'reference' | 'huggingface',
): Promise<ConvertedCheckpoint> {
  layoutOf(output);
  const checkpoint = await CheckpointFile.open(input);
  requireWholeEncoder(checkpoint);
  const known = [...checkpoint.entries].filter(([canonical]) => isKnownPart(canonical));
  const leftOut = [...checkpoint.entries].filter(([canonical]) => !isKnownPart(canonical));
  const names = to === 'huggingface' ? 'huggingface' : referenceFamily(known.map(([canonical]) => canonical));
  const distinct: TensorEntry[] = [];
  const tensors = known.map(([canonical, entry]): WritableTensor => {
    const tied = distinct.find((other) => isSameView(other, entry));
    if (tied === undefined) distinct.push(entry);
    return writableFromEntry(nameIn(names, canonical), checkpoint, canonical, entry, tied ?? entry);
  });
  await writeByEnding(output, tensors);
  return { output, numTensors: tensors.length, names, leftOut: leftOut.map(([, entry]) => entry.name) };
}

function requireWholeEncoder(checkpoint: CheckpointFile): void {
  const missing = missingEncoderTensors(checkpoint);
  if (missing.length === 0) return;
  throw new CheckpointError(
    checkpoint.path,
    `the encoder is not whole: ${missing.length} of its tensors are missing or of another shape, such as ${missing[0]}. Converting it would hide that.`,
  );
}

/**
 * Names of encoder tensors that are absent or of a shape that the others contradict.
 *
 * @throws CheckpointError when the file is not LXMERT's
 */
export function missingEncoderTensors(checkpoint: CheckpointFile): string[] {
  return [...encoderShapes(modelSizes(checkpoint))]
    .filter(([name, shape]) => checkpoint.entries.get(name)?.shape.join() !== shape.join())
    .map(([name]) => name);
}
