/** @file What a model needs beside its weights, vocabulary and answers: named, beside them, or those of the published models. */

import { existsSync } from 'node:fs';
import { type CheckpointFile, modelSizes, numAnswersOf } from '../checkpoint/index.js';
import { UsageError } from '../common/errors.js';
import { publishedAnswers, publishedVocabulary } from '../common/publishedTables.js';
import { formatNumber } from '../formats/numbers.js';
import type { Task } from '../tasks/index.js';
import { hasMatchingHead } from './headsOfFile.js';
import type { ModelPlace } from './modelPlace.js';

export interface NamedCompanions {
  readonly vocabulary?: string | undefined;
  readonly answers?: string | undefined;
  readonly withoutHeads?: boolean | undefined;
}

export interface Companions {
  readonly vocabularyFile: string;
  /** Undefined for a model that can do without. */
  readonly answersFile: string | undefined;
  /** What was taken without being named, as sentences. */
  readonly notes: readonly string[];
}

/** The answers of a task that fixes them: then no table is looked for. */
export function fixedAnswers(task: Task | undefined): readonly string[] | undefined {
  return typeof task?.answers === 'string' ? undefined : task?.answers;
}

/** @throws UsageError for a weights file whose companions are not named and not known by their number */
export function companionsOf(
  named: NamedCompanions,
  place: ModelPlace,
  task: Task | undefined,
  checkpoint: CheckpointFile,
): Companions {
  const notes = notesOnRun(named, place);
  const vocabularyFile =
    named.vocabulary ??
    place.vocabularyFile ??
    vocabularyBySize(checkpoint, notes) ??
    missing(place, 'vocab');
  return { vocabularyFile, answersFile: answersFileOf(named, place, task, checkpoint, notes), notes };
}

/** BERT's, for as many word pieces. */
export function vocabularyBySize(checkpoint: CheckpointFile, notes: string[]): string | undefined {
  const { vocabSize } = modelSizes(checkpoint);
  const known = publishedVocabulary(vocabSize);
  if (known === undefined) return undefined;
  notes.push(
    `No vocabulary lies with ${checkpoint.path}: its ${formatNumber(vocabSize)} word pieces are taken for those of ${known.title}. --vocab names others.`,
  );
  return known.file;
}

function answersFileOf(
  named: NamedCompanions,
  place: ModelPlace,
  task: Task | undefined,
  checkpoint: CheckpointFile,
  notes: string[],
): string | undefined {
  if (fixedAnswers(task) !== undefined) return undefined;
  if (named.answers !== undefined) return named.answers;
  // A pre-training without question answering has no table.
  const canDoWithout = named.withoutHeads || (task === undefined && hasMatchingHead(checkpoint));
  const own = place.answersFile;
  if (own !== undefined && (!canDoWithout || existsSync(own))) return own;
  if (named.withoutHeads) return undefined;
  const numAnswers = numAnswersOf(checkpoint);
  const known = numAnswers === undefined ? undefined : publishedAnswers(numAnswers);
  if (known !== undefined && numAnswers !== undefined) {
    notes.push(
      `No answer table lies with ${checkpoint.path}: its ${formatNumber(numAnswers)} answers are taken for those of ${known.title} as published. --answers names others.`,
    );
    return known.file;
  }
  return canDoWithout ? undefined : missing(place, 'answers');
}

function missing({ weightsFile }: ModelPlace, flag: 'vocab' | 'answers'): never {
  throw new UsageError(
    `'${weightsFile}' is a weights file, which holds no ${flag === 'vocab' ? 'vocabulary' : 'answer table'}: name one with --${flag}, or name a run folder.`,
  );
}

/** What was taken from the run that a weights file lies in, without being named. */
function notesOnRun(named: NamedCompanions, { weightsFile, isFileOfRun }: ModelPlace): string[] {
  if (!isFileOfRun || (named.vocabulary !== undefined && named.answers !== undefined)) return [];
  return [
    `${weightsFile} lies in the folder of its run, whose vocabulary and answers are used where no others are named.`,
  ];
}
