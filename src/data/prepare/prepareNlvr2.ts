/** @file NLVR2 from the official JSON lines to the reference's JSON. */

import { z } from 'zod';
import { LxmertError, UsageError } from '../../common/errors.js';
import { beginsArray, streamArray, streamValues } from '../annotations/jsonStream.js';
import { nlvr2LabelSchema } from '../annotations/nlvr2Label.js';
import { withOutputFiles } from './outputFiles.js';
import { type PreparedSplit, type PrepareOptions, SplitCounter } from './prepareOptions.js';
import { nothingFound, onlyFile, openRawFiles, type RawFile } from './rawFiles.js';
import { checkRecords } from './rawRecord.js';
import { noteUnreadKey } from './unreadKeys.js';

export interface PrepareNlvr2Options extends PrepareOptions {
  readonly outputFolder: string;
}

export interface PreparedNlvr2 {
  readonly splits: readonly PreparedSplit[];
  /** What was not as documented and read all the same. */
  readonly notes: readonly string[];
}

const exampleSchema = z.looseObject({
  identifier: z
    .string()
    .regex(
      /^[^-]+-[^-]+-[^-]+-[^-]+$/,
      "expected an identifier such as 'dev-850-0-0' (split, set, pair, sentence)",
    ),
  sentence: z.string(),
  /** The reference's script takes all that is not 'True' for false; here anything but a truth value is an error. */
  label: nlvr2LabelSchema('expected "True" or "False"').optional(),
});

/** The reference's names of the splits, by the official ones. */
const SPLITS = [
  ['train', 'train'],
  ['dev', 'valid'],
  ['test1', 'test'],
  ['test2', 'hidden'],
] as const;

/**
 * Writes train.json, valid.json (from dev), test.json (from test1) and hidden.json (from test2), those whose raw files are
 * among the sources. The images of an example are its identifier without the sentence's number, with `-img0` (left) and
 * `-img1` (right); `uid` counts the examples of a file from 0 under the reference's name of the split.
 *
 * @throws UsageError when no examples are among the sources; LxmertError for files that are cut short or wrong. No file is
 *   left then.
 */
export async function prepareNlvr2(options: PrepareNlvr2Options): Promise<PreparedNlvr2> {
  const files = await openRawFiles(options.sources);
  const notes: string[] = [];
  const splits = await findSplits(files, (line) => notes.push(line));
  const names = splits.map(({ name }) => `${name}.json`);
  return await withOutputFiles(options.outputFolder, names, options.overwrite ?? false, async (outputs) => {
    const prepared: PreparedSplit[] = [];
    for (const { name, raw } of splits) {
      const writer = await outputs.array(`${name}.json`);
      const counter = new SplitCounter(`${name}.json`, options);
      const seen = new Set<string>();
      for await (const example of checkRecords(raw, readValues(raw), exampleSchema, 'example')) {
        const { identifier, sentence, label } = example;
        if (seen.has(identifier)) throw new LxmertError(`${raw.name} has the example ${identifier} twice.`);
        seen.add(identifier);
        counter.seeSentence(sentence);
        const pair = identifier.slice(0, identifier.lastIndexOf('-'));
        await writer.add({
          identifier,
          img0: `${pair}-img0`,
          img1: `${pair}-img1`,
          label: label === undefined ? undefined : Number(label),
          sent: sentence,
          uid: `nlvr2_${name}_${writer.numElements}`,
        });
        counter.add(label === undefined ? undefined : 1);
        noteUnreadKey(raw.name, label, example, notes);
      }
      await writer.end();
      prepared.push(counter.result);
    }
    return { splits: prepared, notes };
  });
}

interface RawSplit {
  /** The reference's name of the split, or the file's own. */
  readonly name: string;
  readonly raw: RawFile;
}

/**
 * The splits by their official names; and files in their form under other names (`balanced_dev.json`) that are named by
 * themselves.
 */
async function findSplits(files: readonly RawFile[], note: (line: string) => void): Promise<RawSplit[]> {
  const splits: RawSplit[] = [];
  for (const [official, name] of SPLITS) {
    const raw = await onlyFile(files, new RegExp(`^${official}\\.json$`), note);
    if (raw !== undefined) splits.push({ name, raw });
  }
  const officialNames = SPLITS.map(([official]) => `${official}.json`);
  for (const raw of files) {
    const name = raw.baseName.replace(/\.jsonl?$/i, '');
    if (!raw.isNamed || officialNames.includes(raw.baseName) || !(await hasForm(raw))) continue;
    if (splits.some((split) => split.raw.name === raw.name)) continue;
    if (splits.some((split) => split.name === name)) {
      throw new UsageError(`Two of the files would become ${name}.json. Make each in a run of its own.`);
    }
    splits.push({ name, raw });
  }
  if (splits.length > 0) return splits;
  throw nothingFound(
    'No NLVR2 examples were found: expected train.json, dev.json, test1.json or test2.json, or files in their form',
    files,
  );
}

/** JSON lines, as the official files are, or a list of the same. */
async function* readValues(raw: RawFile): AsyncGenerator<unknown> {
  yield* (await beginsArray(raw)) ? streamArray(raw) : streamValues(raw);
}

async function hasForm(raw: RawFile): Promise<boolean> {
  try {
    for await (const value of readValues(raw)) return exampleSchema.safeParse(value).success;
  } catch {
    // Not JSON.
  }
  return false;
}
