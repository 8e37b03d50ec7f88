/** @file What pre-training starts from: a pre-trained LXMERT, with its answer head or without, or a BERT. */

import path from 'node:path';
import {
  CheckpointFile,
  type LoadReport,
  loadWeights,
  readingNotes,
  renderLoadReport,
} from '../checkpoint/index.js';
import { UsageError } from '../common/errors.js';
import type { AnswerTable } from '../data/answerTable.js';
import { loadAnswerTable } from '../data/answerTableFiles.js';
import { type PretrainingModel, TIED_DECODER } from '../model/index.js';
import { RUN_FILES } from './runFolder.js';

export interface PretrainingWeights {
  readonly file: string;
  /**
   * `all`: encoder and all heads (the reference's `--load`). `without-answers`: all but the answer head, which is drawn
   * anew (its `--loadLXMERT`). `bert`: the language layers, the embeddings, and what BERT has of the pooler and the
   * word and matching heads; everything about vision is drawn anew.
   */
  readonly parts: 'all' | 'without-answers' | 'bert';
}

/** Canonical names of what a BERT has too. */
const BERT_PARTS = ['bert.embeddings.', 'bert.encoder.layer.', 'bert.pooler.', 'cls.'];

/**
 * Loads them into a model.
 *
 * @param answerTable of the model's answer head
 * @param say gets lines for a person: what was loaded
 * @throws CheckpointError when what is asked for is not whole in the file
 * @throws UsageError when the file's answers are known to be others
 */
export async function loadPretrainingWeights(
  { file, parts }: PretrainingWeights,
  model: PretrainingModel,
  answerTable: AnswerTable | undefined,
  say: (line: string) => void,
): Promise<LoadReport> {
  const checkpoint = await CheckpointFile.open(file);
  if (parts === 'all' && answerTable !== undefined) await requireSameAnswers(file, answerTable);
  const report = loadWeights(checkpoint, model.namedParameters(), {
    require: parts === 'bert' ? 'bert' : 'all',
    only: (name) => name !== TIED_DECODER && isWanted(name, parts),
  });
  for (const note of readingNotes(checkpoint)) say(note);
  say(renderLoadReport(report));
  return report;
}

function isWanted(name: string, parts: PretrainingWeights['parts']): boolean {
  if (parts === 'all') return true;
  if (parts === 'without-answers') return !name.startsWith('answer_head.');
  return BERT_PARTS.some((part) => name.startsWith(part));
}

/** A run keeps its answers beside its weights; a published file lies alone, and there the number alone is checked. */
async function requireSameAnswers(file: string, answerTable: AnswerTable): Promise<void> {
  const beside = path.join(path.dirname(file), RUN_FILES.answers);
  const known = await loadAnswerTable(beside).catch((error: unknown) => {
    if (error instanceof UsageError) return undefined;
    throw error;
  });
  if (known === undefined || known.answers.join('\n') === answerTable.answers.join('\n')) return;
  throw new UsageError(
    `${file} was trained with the ${known.size} answers of ${beside}, but this run has ${answerTable.size}, or in another order. Name that table with --answers, or leave the answer head out with --load-without-answers.`,
  );
}
