/** @file NLVR2 from the official JSON lines to the reference's JSON. */

import { findNlvr2Splits, type Nlvr2SplitName } from './nlvr2Splits.js';
import { withOutputFiles } from './outputFiles.js';
import { type PreparedSplit, type PrepareOptions, SplitCounter } from './prepareOptions.js';
import { openRawFiles } from './rawFiles.js';
import { UniqueIds } from './uniqueIds.js';
import { noteUnreadKey } from './unreadKeys.js';

export interface PrepareNlvr2Options extends PrepareOptions {
  readonly outputFolder: string;
  /** Takes the only file, whatever it is called, as this split. */
  readonly as?: Nlvr2SplitName | undefined;
}

export interface PreparedNlvr2 {
  readonly splits: readonly PreparedSplit[];
  /** What was not as documented and read all the same. */
  readonly notes: readonly string[];
}

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
  const splits = await findNlvr2Splits(files, { as: options.as, note: (line) => notes.push(line) });
  const names = splits.map(({ file }) => file);
  return await withOutputFiles(options.outputFolder, names, options.overwrite ?? false, async (outputs) => {
    const prepared: PreparedSplit[] = [];
    for (const split of splits) {
      const { name, file, source } = split;
      const writer = await outputs.array(file);
      const counter = new SplitCounter(file, options);
      const ids = new UniqueIds(source, 'example');
      for await (const { identifier, img0, img1, sentence, label, unreadLabelKey } of split.rows()) {
        if (identifier !== undefined) ids.add(identifier);
        counter.seeSentence(sentence);
        await writer.add({
          identifier,
          img0,
          img1,
          label: label === undefined ? undefined : Number(label),
          sent: sentence,
          uid: `nlvr2_${name}_${writer.numElements}`,
        });
        counter.add(label === undefined ? undefined : 1);
        noteUnreadKey(source, unreadLabelKey, notes);
      }
      await writer.end();
      prepared.push(counter.result);
    }
    return { splits: prepared, notes };
  });
}
