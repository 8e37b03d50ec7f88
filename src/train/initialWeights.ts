/** @file What a model starts from when it is fine-tuned: an encoder, a whole model, or an encoder and known answers. */

import {
  CheckpointFile,
  imagesPerExampleOf,
  isAnswerRow,
  type LoadReport,
  loadAnswerRows,
  loadWeights,
  missingAnswerHead,
  missingEncoderTensors,
  modelKind,
  numAnswersOf,
  readingNotes,
  renderLoadReport,
} from '../checkpoint/index.js';
import { LxmertError } from '../common/errors.js';
import { matchingRows } from '../data/answerNormalization.js';
import type { AnswerTable } from '../data/answerTable.js';
import { formatCount, formatNumber } from '../formats/numbers.js';
import type { Tensor } from '../torch/index.js';

/** The last layer of the head that chooses an answer. */
const ANSWER_ROWS = 'answer_head.logit_fc.3.weight';

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
  if (parts !== 'encoder' && parameters.has(ANSWER_ROWS)) requireAnswerHead(checkpoint);
  if (parts === 'all' && parameters.has(ANSWER_ROWS)) requireSize(checkpoint, answerTable);
  if (parts === 'answers') requireAnswers(checkpoint, pretrainingAnswers);
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
      `No answer of this run's table (${answerTable.size}) is among the ${pretrainingAnswers.size} that ${file} was pre-trained with. Load its encoder only.`,
    );
  }
  loadAnswerRows(checkpoint, parameters, rows);
  say(
    `${formatNumber(numKnown)} of ${formatCount(answerTable.size, 'answer')} start from the pre-trained head, the others from zeros.`,
  );
  return report;
}

/** @throws LxmertError with the way on when there is an encoder and no answer head by the published names */
function requireAnswerHead(checkpoint: CheckpointFile): void {
  if (numAnswersOf(checkpoint) !== undefined || missingEncoderTensors(checkpoint).length > 0) return;
  throw new LxmertError(
    `${checkpoint.path} ${missingAnswerHead(checkpoint)} Its encoder alone is taken with --load-encoder, and the head drawn anew.`,
  );
}

/** @throws LxmertError for a head of other answers than the run has */
function requireSize(checkpoint: CheckpointFile, { size }: AnswerTable): void {
  const numAnswers = numAnswersOf(checkpoint);
  if (numAnswers === undefined || numAnswers === size) return;
  throw new LxmertError(
    `${checkpoint.path} has a head of ${numAnswers} answers, but this run has ${size}. To go on with its own answers, name its table with --answers; for others take its encoder with --load-encoder, or with --load-with-answers also the rows of answers that both have.`,
  );
}

/** @throws LxmertError with the way on when the file cannot start answers */
function requireAnswers(checkpoint: CheckpointFile, table: AnswerTable | undefined): void {
  const { path: file } = checkpoint;
  const numAnswers = numAnswersOf(checkpoint);
  if (table === undefined || numAnswers === undefined) return;
  const isFineTuned = modelKind(checkpoint) !== 'pre-training';
  if (imagesPerExampleOf(checkpoint) !== 1) {
    throw new LxmertError(
      `${file} is fine-tuned for statements about two images (NLVR2): its head does not choose answers about one. Take its encoder with --load-encoder.`,
    );
  }
  if (numAnswers === table.size) return;
  throw new LxmertError(
    isFineTuned
      ? `${file} is a fine-tuned model with a head of ${numAnswers} answers, but the table of --pretraining-answers has ${table.size}, as a pre-trained head may have. To go on with its own answers, name it with --load; to take its encoder alone, with --load-encoder; to start from its answers, name its own table (trainval_label2ans.json) with --pretraining-answers.`
      : `${file} has a pre-trained head of ${numAnswers} answers, but the table of --pretraining-answers has ${table.size}. Name the table that it was trained with (all_ans.json), or take its encoder alone with --load-encoder.`,
  );
}

function isPretrained(name: string): boolean {
  return name.startsWith('bert.') || name.startsWith('answer_head.');
}
