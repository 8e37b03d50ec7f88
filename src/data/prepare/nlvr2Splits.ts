/** @file Which raw files of NLVR2, and of other projects that keep its examples, make which split. */

import { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import { imageIdOf } from '../../features/files.js';
import { beginsArray, streamArray, streamValues } from '../annotations/jsonStream.js';
import { nlvr2LabelSchema } from '../annotations/nlvr2Label.js';
import { unreadLabelKey } from '../annotations/unreadLabelKey.js';
import { withNlvr2Tables } from './nlvr2Tables.js';
import { nothingFound, onlyFile, type RawFile, readRawAs } from './rawFiles.js';
import { checkRecords } from './rawRecord.js';
import type { Nlvr2Row, Split } from './rows.js';

/** The reference's names of the splits, by the official ones. */
const SPLITS = [
  ['train', 'train'],
  ['dev', 'valid'],
  ['test1', 'test'],
  ['test2', 'hidden'],
] as const;

/** Official names of the splits. */
export const nlvr2SplitNames = SPLITS.map(([official]) => official);
export type Nlvr2SplitName = (typeof nlvr2SplitNames)[number];

/** A split of {@link Nlvr2Row}s. */
export type Nlvr2Split = Split<Nlvr2Row>;

export interface FindNlvr2Options {
  /** Takes the only file, whatever it is called, as this split. */
  readonly as?: Nlvr2SplitName | undefined;
  readonly note: (line: string) => void;
}

/** The reference's script takes all that is not 'True' for false; here anything but a truth value is an error. */
const label = nlvr2LabelSchema('expected "True" or "False"').optional();
const officialSchema = z.looseObject({
  identifier: z
    .string()
    .regex(
      /^[^-]+-[^-]+-[^-]+-[^-]+$/,
      "expected an identifier such as 'dev-850-0-0' (split, set, pair, sentence)",
    ),
  sentence: z.string(),
  label,
});
const listedSchema = z.looseObject({
  sentence: z.string(),
  label,
  images: z.array(z.string().min(1)).length(2, 'expected two images'),
});

const NLVR2 = { expected: 'examples of NLVR2', forms: ['nlvr2Official', 'albefNlvr2'] };

/**
 * The splits by their official names; and files in their form, or lists as ALBEF, BLIP and LAVIS keep them, under other names
 * (`balanced_dev.json`, `nlvr_dev.json`): those that are named by themselves, or, where no file has an official name, any. Tables
 * are known by the names that hubs give them.
 *
 * @throws UsageError when there is none
 */
export async function findNlvr2Splits(
  given: readonly RawFile[],
  { as, note }: FindNlvr2Options,
): Promise<Nlvr2Split[]> {
  const files = await withNlvr2Tables(given, as, note);
  if (as !== undefined) return [await splitAs(files, as)];
  const splits: Nlvr2Split[] = [];
  for (const [official, name] of SPLITS) {
    const raw = await onlyFile(files, new RegExp(`^${official}\\.json$`), note);
    if (raw !== undefined) splits.push(splitOf(raw, name));
  }
  const officialNames = SPLITS.map(([official]) => `${official}.json`);
  const hasOfficial = splits.length > 0;
  for (const raw of files) {
    const name = raw.baseName.replace(/\.jsonl?$/i, '');
    if (officialNames.includes(raw.baseName) || (hasOfficial && !raw.isNamed)) continue;
    if (splits.some(({ source }) => source === raw.name) || (await schemaOf(raw)) === undefined) continue;
    if (splits.some((split) => split.name === name)) {
      throw new UsageError(`Two of the files would become ${name}.json. Make each in a run of its own.`);
    }
    splits.push(splitOf(raw, name));
  }
  if (splits.length > 0) return splits;
  throw await nothingFound(
    'No NLVR2 examples were found: expected train.json, dev.json, test1.json or test2.json, or files in their form',
    files,
  );
}

async function splitAs(files: readonly RawFile[], as: Nlvr2SplitName): Promise<Nlvr2Split> {
  const found: RawFile[] = [];
  for (const file of files) if ((await schemaOf(file)) !== undefined) found.push(file);
  const [only] = found;
  if (only === undefined) throw await nothingFound(`No examples of NLVR2 were found to take as ${as}`, files);
  if (found.length > 1) {
    throw new UsageError(
      `--as ${as} is for one file, but there are ${found.length} of NLVR2: ${found.map(({ name }) => name).join(', ')}. Name the one.`,
    );
  }
  return splitOf(only, SPLITS.find(([official]) => official === as)![1]);
}

function splitOf(raw: RawFile, name: string): Nlvr2Split {
  return { name, file: `${name}.json`, source: raw.name, rows: () => readRawAs(raw, NLVR2, rowsOf(raw)) };
}

async function* rowsOf(raw: RawFile): AsyncGenerator<Nlvr2Row> {
  if ((await schemaOf(raw)) === 'listed') {
    for await (const example of checkRecords(raw, readValues(raw), listedSchema, 'example')) {
      const [img0 = '', img1 = ''] = example.images.map(imageIdOf);
      yield { ...common(example), img0, img1, identifier: undefined };
    }
    return;
  }
  for await (const example of checkRecords(raw, readValues(raw), officialSchema, 'example')) {
    const { identifier } = example;
    const pair = identifier.slice(0, identifier.lastIndexOf('-'));
    yield { ...common(example), img0: `${pair}-img0`, img1: `${pair}-img1`, identifier };
  }
}

function common(example: { readonly sentence: string; readonly label?: boolean | undefined }) {
  const { sentence, label: isTrue } = example;
  return { sentence, label: isTrue, ...unreadLabelKey(isTrue, example) };
}

/** JSON lines, as the official files are, or a list of the same. */
async function* readValues(raw: RawFile): AsyncGenerator<unknown> {
  yield* (await beginsArray(raw)) ? streamArray(raw) : streamValues(raw);
}

/** What the first record is: an official one, or one with its images named; undefined for neither. */
async function schemaOf(raw: RawFile): Promise<'official' | 'listed' | undefined> {
  try {
    for await (const value of readValues(raw)) {
      if (officialSchema.safeParse(value).success) return 'official';
      return listedSchema.safeParse(value).success ? 'listed' : undefined;
    }
  } catch {
    // Not JSON.
  }
  return undefined;
}
