/**
 * @file Weights in 8 bits in a file: for each matrix `NAME.weight` (out, in) int8 a `NAME.weight_scale` (out) float32, and a note
 * in the metadata that says so. A value is its whole number times the scale of its row (docs/reference/weights.md).
 */

import { CheckpointError } from './checkpointError.js';
import type { TensorEntry } from './tensorEntry.js';

/** In the metadata of a safetensors file. */
export const ROUNDED_NOTE = { key: 'quantization', value: 'int8, a scale for each output' } as const;

/** Matrices of the encoder that stay as they are: small, and read by few, by values of another kind, or by the heads. */
const EXACT = /(position_embeddings|token_type_embeddings|box_fc|pooler\.dense)\.weight$/;

/** Parts with matrices that are rounded: the encoder, and what only pre-training reads. The heads that answer are not. */
const ROUNDED_PARTS = /^(bert|cls\.predictions|obj_predict_head)\./;

/** True for the tensors, by canonical name, that are rounded: the matrices of dense layers and the word embeddings. */
export function isRounded(canonical: string, shape: readonly number[]): boolean {
  return (
    shape.length === 2 &&
    canonical.endsWith('.weight') &&
    ROUNDED_PARTS.test(canonical) &&
    !EXACT.test(canonical)
  );
}

/** What the scales of a tensor are called. */
export function scaleName(name: string): string {
  return `${name}_scale`;
}

/**
 * Puts each scale with its tensor; entries of a file without the note come back as they are.
 *
 * @throws CheckpointError for whole numbers whose scales are missing or of another shape
 */
export function joinScales(
  file: string,
  entries: readonly TensorEntry[],
  metadata: ReadonlyMap<string, string>,
): readonly TensorEntry[] {
  if (metadata.get(ROUNDED_NOTE.key) !== ROUNDED_NOTE.value) return entries;
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const taken = new Set<string>();
  const joined = entries.map((entry) => {
    if (entry.dtype !== 'int8') return entry;
    const scales = byName.get(scaleName(entry.name));
    if (scales?.dtype !== 'float32' || scales.shape.join() !== String(entry.shape[0])) {
      throw new CheckpointError(
        file,
        `the tensor ${entry.name} is in 8 bits and needs ${scaleName(entry.name)} with ${entry.shape[0]} values of float32 beside it, ${scales === undefined ? 'which is missing' : `which is (${scales.shape.join(', ')}) ${scales.dtype}`}.`,
      );
    }
    taken.add(scales.name);
    return { ...entry, scales };
  });
  return joined.filter(({ name }) => !taken.has(name));
}
