/** @file What to say of a file without an answer head by its published names: nothing of the kind, or one in another form. */

import type { CheckpointFile } from './checkpointFile.js';
import { isKnownPart } from './names/tensorNames.js';
import type { TensorEntry } from './tensorEntry.js';

const SHOWN = 4;

/** Norms, counters and ids of positions are in every file; a head has words of its own, or lies beside the encoder. */
const NO_HEAD = /(^|\.)(position_ids|token_type_ids|num_batches_tracked|n_averaged|total_ops|total_params)$/;

/** Tensors beside the encoder and the heads that are known: what may be a head by other names. */
function headLikeTensors(checkpoint: CheckpointFile): TensorEntry[] {
  return [...checkpoint.entries]
    .filter(([name, { shape }]) => !isKnownPart(name) && shape.length > 0 && !NO_HEAD.test(name))
    .map(([, entry]) => entry);
}

/** Why a file cannot answer, and the way on; the end of a sentence that begins with the file. */
export function missingAnswerHead(checkpoint: CheckpointFile): string {
  const found = headLikeTensors(checkpoint);
  const { others } = checkpoint.model;
  const form = 'logit_fc.0 (2 x hidden size), logit_fc.2 (its norm) and logit_fc.3 (one row for each answer)';
  if (found.length > 0) {
    const shown = found.slice(0, SHOWN).map(({ name, shape }) => `${name} (${shape.join(' x ')})`);
    const more = found.length > SHOWN ? ` and ${found.length - SHOWN} more` : '';
    return `has no answer head by the names of LXMERT, which are ${form}; ${shown.join(', ')}${more} may be a head of another form, which this program does not compute. If it is of this form, save it under these names; else load the encoder with --load-encoder and fine-tune it.`;
  }
  const elsewhere = others.map(({ key, numTensors }) => `'${key || 'the top'}' (${numTensors} tensors)`);
  if (elsewhere.length > 0) {
    return `has no answer head among the weights that were read; the file also holds ${elsewhere.join(', ')}. If the head is there, save the model with its encoder and head in one dictionary; another whole model in the file is named behind it with #.`;
  }
  return 'has no answer head, so it cannot answer. Fine-tune it first.';
}
