/** @file Which raw files of GQA, and of data sets in its form, make which split. */

import { UsageError } from '../../common/errors.js';
import { streamEntries } from '../annotations/jsonStream.js';
import { nothingFound, onlyFile, type RawFile } from './rawFiles.js';

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

export interface RawGqaSplit {
  /** `own`: a file in GQA's form under a name of its own, such as GQA-OOD's `ood_testdev_head.json`. */
  readonly official: (typeof SPLITS)[number][0] | 'own';
  /** Name of the file to write. */
  readonly file: string;
  /** In order; all questions of train come in ten files. */
  readonly parts: readonly RawFile[];
}

const OFFICIAL_NAME =
  /^(train|val|testdev|test|challenge|submission)_(balanced|all)_questions(_[0-9]+)?\.json$/;

/**
 * The splits by official names; and files in GQA's form under other names, which keep them: those that are named by
 * themselves, or, where no file has an official name, any.
 *
 * @throws UsageError when there is none, or when parts of train are missing
 */
export async function findGqaSplits(
  files: readonly RawFile[],
  questions: GqaQuestions,
  note: (line: string) => void,
): Promise<RawGqaSplit[]> {
  const splits: RawGqaSplit[] = [];
  for (const [official, name] of SPLITS) {
    // There is only one set of questions for the test server, of all.
    const set = official === 'submission' ? 'all' : questions;
    const whole = await onlyFile(files, new RegExp(`^${official}_${set}_questions\\.json$`), note);
    const parts =
      whole === undefined ? await numberedParts(files, `${official}_${set}_questions`, note) : [whole];
    const suffix = questions === 'all' && official !== 'submission' ? '_all' : '';
    if (parts.length > 0) splits.push({ official, file: `${name}${suffix}.json`, parts });
  }
  splits.push(...(await ownFiles(files, splits, note)));
  if (splits.length > 0) return splits;
  throw nothingFound(
    `No GQA questions were found: expected names such as train_${questions}_questions.json, or files in their form`,
    files,
  );
}

async function ownFiles(
  files: readonly RawFile[],
  official: readonly RawGqaSplit[],
  note: (line: string) => void,
): Promise<RawGqaSplit[]> {
  const own: RawGqaSplit[] = [];
  for (const file of files) {
    const { baseName, isNamed } = file;
    if (OFFICIAL_NAME.test(baseName) || !(isNamed || official.length === 0)) continue;
    if (own.some((other) => other.file === baseName) || !(await hasGqaForm(file))) continue;
    if (official.some((other) => other.file === baseName)) {
      throw new UsageError(
        `${file.name} would become ${baseName}, which the official file of that split becomes too. Make it in a run of its own.`,
      );
    }
    const only = (await onlyFile(files, baseName, note))!;
    own.push({ official: 'own', file: baseName, parts: [only] });
  }
  return own;
}

/** Whether the text is an object of questions by their ids, going by the first. */
async function hasGqaForm(file: RawFile): Promise<boolean> {
  try {
    for await (const [, value] of streamEntries(file)) {
      const entry = value as { imageId?: unknown; question?: unknown } | null;
      return typeof entry?.imageId === 'string' && typeof entry.question === 'string';
    }
  } catch {
    // Not JSON, or another form of it.
  }
  return false;
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
