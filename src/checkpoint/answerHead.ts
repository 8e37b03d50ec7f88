/** @file A new answer head from the rows of a pre-trained one that stand for the same answers. */

import { noGrad, scope, type Tensor, tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import { CheckpointError } from './checkpointError.js';
import type { CheckpointFile } from './checkpointFile.js';

/** The last layer of the answer head, one row for each answer. */
const LAST_LAYER = 'answer_head.logit_fc.3.';

/** True for tensors that have a row for each answer, so that they cannot be copied to another answer table as they are. */
export function isAnswerRow(canonical: string): boolean {
  return canonical.startsWith(LAST_LAYER);
}

/**
 * Fills the last layer of a model's answer head row by row, as the reference's `--loadLXMERTQA` does: row k gets
 * row `rows[k]` of the file's, or zeros where that is -1.
 *
 * @param parameters the model's, by canonical name; its last layer has `rows.length` rows
 * @throws CheckpointError when the file has no answer head, or one with fewer rows or another width
 */
export function loadAnswerRows(
  checkpoint: CheckpointFile,
  parameters: ReadonlyMap<string, Tensor>,
  rows: Int32Array,
): void {
  for (const part of ['weight', 'bias']) {
    const name = LAST_LAYER + part;
    const target = parameters.get(name);
    if (target === undefined) throw new RangeError(`The model has no parameter ${name}.`);
    const entry = checkpoint.entries.get(name);
    if (entry === undefined) {
      throw new CheckpointError(
        checkpoint.path,
        'there is no answer head in this file. Load its encoder only, with --load-encoder, or name pre-trained weights that learned to answer.',
      );
    }
    const [numRows = 0, ...width] = entry.shape;
    const highest = rows.reduce((most, row) => Math.max(most, row), -1);
    if (highest >= numRows || width.join() !== target.shape.slice(1).join()) {
      throw new CheckpointError(
        checkpoint.path,
        `its answer head has the shape (${entry.shape.join(', ')}), but row ${highest} of width ${target.shape[1] ?? 1} is asked for. The answer table is not the one that these weights were trained with.`,
      );
    }
    scope(() => noGrad(() => ops.copy_(target, gatherRows(checkpoint.tensor(name), rows))));
  }
}

/** (answers, ...) to (rows.length, ...) */
function gatherRows(source: Tensor, rows: Int32Array): Tensor {
  const indices = tensor(BigInt64Array.from(rows, (row) => BigInt(Math.max(row, 0))));
  const broadcast = [rows.length, ...source.shape.slice(1).map(() => 1)];
  const isUnknown = tensor(
    Uint8Array.from(rows, (row) => (row < 0 ? 1 : 0)),
    broadcast,
    'bool',
  );
  return ops.maskedFill(ops.indexSelect(source, 0, indices), isUnknown, 0);
}
