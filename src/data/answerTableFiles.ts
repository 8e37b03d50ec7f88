/** @file Answer tables as files: read in every form, checked against the other half of their pair, and written. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { writeFileAtomic } from '../common/atomicFile.js';
import { LxmertError, UsageError } from '../common/errors.js';
import { AnswerTable } from './answerTable.js';
import { readAnswerList } from './answerTableFile.js';
import type { AnswerList } from './answerTableForms.js';

/** Gets a line for a person: how a file was read whose form is not a documented one. */
export type Say = (line: string) => void;

export interface LoadAnswerTableOptions {
  /** Keeps the answers that occur in any of these data sets, of a table that names them (`all_ans.json`); absent: all. */
  readonly sets?: readonly string[] | undefined;
  readonly say?: Say | undefined;
}

/**
 * Reads a table: `label2ans` (a JSON array of answers), `all_ans.json` of a pre-training head (a JSON array of
 * `{ans, dsets}`), whose order is the head's, or another form whose meaning is plain (docs/reference/metrics.md, "Answer
 * tables"). When the other file of the reference's pair lies beside it under its name (`ans2label`, `label2ans`), one is
 * checked against the other.
 *
 * @throws UsageError when there is no such file, for a set that no answer is from, and for a choice of data sets from a table
 * that does not name any; LxmertError for one that is no answer table, or not its neighbour's
 */
export async function loadAnswerTable(
  file: string,
  { sets, say }: LoadAnswerTableOptions = {},
): Promise<AnswerTable> {
  const list = await readAnswerList(file);
  const table = tableOfSets(list, file, sets);
  if (sets === undefined) await requireSameAsNeighbour(table, file);
  if (list.readAs !== undefined) {
    say?.(
      `${file} is read as an answer table ${list.readAs}: ${table.size} answers, the first '${table.answers[0]}'.`,
    );
  }
  return table;
}

/** Writes the table of a pre-training head as {@link loadAnswerTable} reads it. */
export async function savePretrainingAnswers(table: AnswerTable, file: string): Promise<void> {
  await writeFileAtomic(file, JSON.stringify(table.answers.map((ans) => ({ ans }))));
}

/** Writes `<prefix>_label2ans.json` and `<prefix>_ans2label.json` into `folder`. */
export async function saveAnswerTable(
  { answers }: AnswerTable,
  folder: string,
  prefix = 'trainval',
): Promise<void> {
  // Entries, not an object literal: a key such as "2" keeps its value whatever its place.
  const inverse = Object.fromEntries(answers.map((answer, i) => [answer, i]));
  await writeFileAtomic(path.join(folder, `${prefix}_label2ans.json`), JSON.stringify(answers));
  await writeFileAtomic(path.join(folder, `${prefix}_ans2label.json`), JSON.stringify(inverse));
}

/** Answers that occur in any of the data sets, in the order of the file. */
function tableOfSets(
  { entries }: AnswerList,
  file: string,
  sets: readonly string[] | undefined,
): AnswerTable {
  const known = new Set(entries.flatMap(({ dsets = [] }) => dsets));
  if (sets !== undefined && known.size === 0) {
    throw new UsageError(
      `${file} does not say which data sets its answers are from, so none can be chosen. Name a table such as all_ans.json, or leave the choice out.`,
    );
  }
  const unknown = sets?.find((set) => !known.has(set));
  if (unknown !== undefined) {
    throw new UsageError(
      `No answer of ${file} is from the data set '${unknown}'. It has ${[...known].sort().join(', ')}.`,
    );
  }
  const isWanted = (dsets: readonly string[]): boolean =>
    sets === undefined || dsets.some((set) => sets.includes(set));
  const wanted = entries.filter(({ dsets = [] }) => isWanted(dsets));
  return new AnswerTable(
    wanted.map((entry) => entry.ans),
    file,
  );
}

/** @throws LxmertError when the other file of a pair `label2ans` and `ans2label` has other answers, or another order */
async function requireSameAsNeighbour(table: AnswerTable, file: string): Promise<void> {
  const name = path.basename(file);
  const other = name.replace(/label2ans|ans2label/, (each) =>
    each === 'ans2label' ? 'label2ans' : 'ans2label',
  );
  const neighbour = path.join(path.dirname(file), other);
  if (other === name || !existsSync(neighbour)) return;
  const { entries } = await readAnswerList(neighbour).catch((error: unknown) => {
    if (!(error instanceof LxmertError)) throw error;
    throw new LxmertError(
      `${neighbour} lies beside ${name} as the other half of one table, but they are not of the same head: ${error.message}`,
    );
  });
  const length = Math.max(entries.length, table.size);
  const row = Array.from({ length }).findIndex((_, i) => entries[i]?.ans !== table.answers[i]);
  if (row === -1) return;
  const shown = (answer: string | undefined): string => (answer === undefined ? 'no answer' : `'${answer}'`);
  throw new LxmertError(
    `${file} and ${neighbour} are not of the same head: at ${row} the first has ${shown(table.answers[row])}, the second ${shown(entries[row]?.ans)}. Name the table that belongs to the weights, in a folder without the other.`,
  );
}
