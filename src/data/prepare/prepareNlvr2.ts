/** @file NLVR2 from the official JSON lines to the reference's JSON. */

import { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import { streamValues } from '../annotations/jsonStream.js';
import { withOutputFiles } from './outputFiles.js';
import { type PreparedSplit, type PrepareOptions, SplitCounter } from './prepareOptions.js';
import { describeFiles, onlyFile, openRawFiles, type RawFile } from './rawFiles.js';
import { checkRecords } from './rawRecord.js';

export interface PrepareNlvr2Options extends PrepareOptions {
  readonly outputFolder: string;
}

export interface PreparedNlvr2 {
  readonly splits: readonly PreparedSplit[];
}

const exampleSchema = z.object({
  identifier: z
    .string()
    .regex(
      /^[^-]+-[^-]+-[^-]+-[^-]+$/,
      "expected an identifier such as 'dev-850-0-0' (split, set, pair, sentence)",
    ),
  sentence: z.string(),
  /** The reference's script takes all that is not 'True' for false; here anything else is an error. */
  label: z.enum(['True', 'False']).optional(),
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
  const splits: { name: string; raw: RawFile }[] = [];
  for (const [official, name] of SPLITS) {
    const raw = onlyFile(files, new RegExp(`^${official}\\.json$`));
    if (raw !== undefined) splits.push({ name, raw });
  }
  if (splits.length === 0) {
    throw new UsageError(
      `No NLVR2 examples were found: expected train.json, dev.json, test1.json or test2.json, found ${describeFiles(files)}.`,
    );
  }
  const names = splits.map(({ name }) => `${name}.json`);
  return await withOutputFiles(options.outputFolder, names, options.overwrite ?? false, async (outputs) => {
    const prepared: PreparedSplit[] = [];
    for (const { name, raw } of splits) {
      const writer = await outputs.array(`${name}.json`);
      const counter = new SplitCounter(`${name}.json`, options);
      for await (const example of checkRecords(raw, streamValues(raw), exampleSchema, 'example')) {
        const { identifier, sentence, label } = example;
        const pair = identifier.slice(0, identifier.lastIndexOf('-'));
        await writer.add({
          identifier,
          img0: `${pair}-img0`,
          img1: `${pair}-img1`,
          label: label === undefined ? undefined : Number(label === 'True'),
          sent: sentence,
          uid: `nlvr2_${name}_${writer.numElements}`,
        });
        counter.add(label === undefined ? undefined : 1);
      }
      await writer.end();
      prepared.push(counter.result);
    }
    return { splits: prepared };
  });
}
