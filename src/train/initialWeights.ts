/** @file What a model starts from when it is fine-tuned: an encoder, a whole model, or an encoder and known answers. */

import {
  CheckpointFile,
  isAnswerRow,
  type LoadReport,
  loadAnswerRows,
  loadWeights,
  readingNotes,
  renderLoadReport,
} from '../checkpoint/index.js';
import { LxmertError } from '../common/errors.js';
import { matchingRows } from '../data/answerNormalization.js';
import type { AnswerTable } from '../data/answerTable.js';
import type { Tensor } from '../torch/index.js';

/** Where the first weights come from. */
export interface InitialWeights {
  readonly file: string;
  /**
   * `encoder`: the head is drawn anew (the reference's --loadLXMERT). `all`: a fine-tuned model (--load). `answers`:
   * the encoder, and of the pre-trained head the rows of answers that the new table has too (--loadLXMERTQA).
   */
  readonly parts: 'encoder' | 'all' | 'answers';
  /** The table that the pre-trained head was trained with, for `answers`. */
  readonly pretrainingAnswers?: AnswerTable | undefined;
}

/**
 * Loads them into a model's parameters.
 *
 * @param say gets lines for a person: what was loaded
 * @throws CheckpointError when what is asked for is not whole in the file; LxmertError when no answer is known
 */
export async function loadInitialWeights(
  { file, parts, pretrainingAnswers }: InitialWeights,
  parameters: ReadonlyMap<string, Tensor>,
  answerTable: AnswerTable,
  say: (line: string) => void,
): Promise<LoadReport> {
  const checkpoint = await CheckpointFile.open(file);
  const report = loadWeights(checkpoint, parameters, {
    require: parts === 'encoder' ? 'encoder' : 'all',
    ...(parts === 'encoder' ? { only: (name: string) => name.startsWith('bert.') } : {}),
    // Heads that pre-training does not have are drawn anew.
    ...(parts === 'answers' ? { only: (name: string) => isPretrained(name) && !isAnswerRow(name) } : {}),
  });
  for (const note of readingNotes(checkpoint)) say(note);
  say(renderLoadReport(report));
  if (parts !== 'answers') return report;
  if (pretrainingAnswers === undefined)
    throw new LxmertError(`${file}: its answer table has to be named too.`);
  const rows = matchingRows(answerTable, pretrainingAnswers);
  const numKnown = rows.filter((row) => row >= 0).length;
  if (numKnown === 0) {
    throw new LxmertError(
      `None of the ${answerTable.size} answers is among the ${pretrainingAnswers.size} that ${file} was pre-trained with. Load its encoder only.`,
    );
  }
  loadAnswerRows(checkpoint, parameters, rows);
  say(`${numKnown} of ${answerTable.size} answers start from the pre-trained head, the others from zeros.`);
  return report;
}

function isPretrained(name: string): boolean {
  return name.startsWith('bert.') || name.startsWith('answer_head.');
}
