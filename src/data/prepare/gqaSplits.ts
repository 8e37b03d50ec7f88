/** @file Which raw files of GQA, and of data sets in its form, make which split. */

import { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import { gqaQuestionEntries } from '../annotations/officialGqaQuestions.js';
import { checkRecord } from '../annotations/record.js';
import { unreadLabelKey } from '../annotations/unreadLabelKey.js';
import { withGqaTables } from './gqaTables.js';
import { readLlavaQuestions } from './llavaQuestions.js';
import { formOfRaw, nothingFound, onlyFile, preparedName, type RawFile, readRawAs } from './rawFiles.js';
import type { GqaRow, Split } from './rows.js';

/** The balanced questions, which the reference trains and scores on, or all. */
export type GqaQuestions = 'balanced' | 'all';

/** The reference's names of the splits, by the official ones. */
const SPLITS = [
  ['train', 'train'],
  ['val', 'valid'],
  ['testdev', 'testdev'],
  ['test', 'test'],
  ['challenge', 'challenge'],
  ['submission', 'submit'],
] as const;

/** Official names of the splits. */
export const gqaSplitNames = SPLITS.map(([official]) => official);
export type GqaSplitName = (typeof gqaSplitNames)[number];

/** A split of {@link GqaRow}s. */
export interface GqaSplit extends Split<GqaRow> {
  /** Whether its answers count for the answer table that is made: those of train and val. */
  readonly isForTable: boolean;
}

export interface FindGqaOptions {
  readonly questions: GqaQuestions;
  /** Takes the only file, whatever it is called, as this split. */
  readonly as?: GqaSplitName | undefined;
  readonly note: (line: string) => void;
}

const questionSchema = z.object({
  /** Visual Genome's are numbers, which some copies of the files have without quotes. */
  imageId: z.union([z.string().min(1), z.int().transform(String)]),
  question: z.string(),
  answer: z.string().optional(),
});
const GQA = { expected: 'the official questions of GQA', forms: ['gqaQuestions'] };

const OFFICIAL_NAME =
  /^(train|val|testdev|test|challenge|submission)_(balanced|all)_questions(_[0-9]+)?\.json$/;

/**
 * The splits by official names; and files in GQA's form, or of LLaVA's lines, under other names, which keep them: those that
 * are named by themselves, or, where no file has an official name, any. Tables are known by the names that hubs give them.
 *
 * @throws UsageError when there is none, or when parts of train are missing
 */
export async function findGqaSplits(
  given: readonly RawFile[],
  { questions, as, note }: FindGqaOptions,
): Promise<GqaSplit[]> {
  const files = await withGqaTables(given, { questions, as, note });
  if (as !== undefined) return [await splitAs(files, as)];
  const splits: GqaSplit[] = [];
  for (const [official, name] of SPLITS) {
    // There is only one set of questions for the test server, of all.
    const set = official === 'submission' ? 'all' : questions;
    const whole = await onlyFile(files, new RegExp(`^${official}_${set}_questions\\.json$`), note);
    const parts =
      whole === undefined ? await numberedParts(files, `${official}_${set}_questions`, note) : [whole];
    const suffix = questions === 'all' && official !== 'submission' ? '_all' : '';
    if (parts.length > 0) splits.push(splitOf(official, `${name}${suffix}.json`, parts));
  }
  splits.push(...(await ownFiles(files, splits, note)));
  if (splits.length > 0) return splits;
  throw await nothingFound(
    `No GQA questions were found: expected names such as train_${questions}_questions.json, or files in their form`,
    files,
  );
}

/** @param name `own` for a file under a name of its own, such as GQA-OOD's `ood_testdev_head.json` */
function splitOf(name: GqaSplitName | 'own', file: string, parts: readonly RawFile[]): GqaSplit {
  return {
    name,
    file,
    source: parts.map((part) => part.name).join(', '),
    isForTable: name === 'train' || name === 'val',
    rows: () => officialRows(parts),
  };
}

async function splitAs(files: readonly RawFile[], as: GqaSplitName): Promise<GqaSplit> {
  const found: RawFile[] = [];
  for (const file of files) if (await hasGqaForm(file)) found.push(file);
  const [only] = found;
  if (only === undefined)
    throw await nothingFound(`No questions in GQA's form were found to take as ${as}`, files);
  if (found.length > 1) {
    throw new UsageError(
      `--as ${as} is for one file, but there are ${found.length} in GQA's form: ${found.map(({ name }) => name).join(', ')}. Name the one.`,
    );
  }
  const [, file] = SPLITS.find(([official]) => official === as)!;
  return splitOf(as, `${file}.json`, [only]);
}

async function ownFiles(
  files: readonly RawFile[],
  official: readonly GqaSplit[],
  note: (line: string) => void,
): Promise<GqaSplit[]> {
  const own: GqaSplit[] = [];
  for (const raw of files) {
    if (OFFICIAL_NAME.test(raw.baseName) || !(raw.isNamed || official.length === 0)) continue;
    const file = preparedName(raw);
    if (own.some((other) => other.file === file)) continue;
    const isOfLlava = !(await hasGqaForm(raw));
    if (isOfLlava && (await formOfRaw(raw))?.form !== 'llavaQuestions') continue;
    if (official.some((other) => other.file === file)) {
      throw new UsageError(
        `${raw.name} would become ${file}, which the official file of that split becomes too. Make it in a run of its own.`,
      );
    }
    const only = (await onlyFile(files, raw.baseName, note))!;
    const split = splitOf('own', file, [only]);
    own.push(isOfLlava ? { ...split, rows: () => llavaRows(only) } : split);
  }
  return own;
}

/** Whether the text is questions by their ids, going by the first. */
async function hasGqaForm(file: RawFile): Promise<boolean> {
  try {
    for await (const [, value] of gqaQuestionEntries(file)) {
      const entry = value as { imageId?: unknown; question?: unknown } | null;
      return typeof entry?.imageId === 'string' && typeof entry.question === 'string';
    }
  } catch {
    // Not JSON, or another form of it.
  }
  return false;
}

async function* officialRows(parts: readonly RawFile[]): AsyncGenerator<GqaRow> {
  for (const part of parts) yield* readRawAs(part, GQA, rowsOf(part));
}

async function* rowsOf(part: RawFile): AsyncGenerator<GqaRow> {
  for await (const [questionId, value] of gqaQuestionEntries(part)) {
    const record = checkRecord(questionSchema, value, part.name, `question '${questionId}'`);
    const { imageId, question, answer } = record;
    yield { imageId, questionId, question, answer, ...unreadLabelKey(answer, value) };
  }
}

async function* llavaRows(file: RawFile): AsyncGenerator<GqaRow> {
  for await (const { imageId, questionId, question } of readLlavaQuestions(file)) {
    yield { imageId, questionId: String(questionId), question, answer: undefined };
  }
}

/** `train_all_questions_0.json` to `train_all_questions_9.json`, in the order of their numbers. */
async function numberedParts(
  files: readonly RawFile[],
  stem: string,
  note: (line: string) => void,
): Promise<RawFile[]> {
  const pattern = new RegExp(`^${stem}_([0-9]+)\\.json$`);
  const found = files.map((file) => pattern.exec(file.baseName)?.[1]).filter((each) => each !== undefined);
  const numbers = [...new Set(found.map(Number))].sort((a, b) => a - b);
  const parts: RawFile[] = [];
  for (const [i, number] of numbers.entries()) {
    if (number !== i) {
      throw new UsageError(`Of ${stem}_0.json to ${stem}_${numbers.at(-1)}.json, number ${i} is missing.`);
    }
    parts.push((await onlyFile(files, new RegExp(`^${stem}_0*${number}\\.json$`), note))!);
  }
  return parts;
}
