/** @file GQA's questions in tables, as hubs have them, under the official names of the files that they stand for. */

import { hubSplits, tablesAsOne } from './hubTables.js';
import type { RawFile } from './rawFiles.js';

const NEEDED = [['id', 'question_id', 'questionId'], ['imageId'], ['question']];

/** Official names of splits; a hub's `validation` is val. */
const SPLITS: Readonly<Record<string, string>> = { validation: 'val', valid: 'val', dev: 'val' };
const OFFICIAL = ['train', 'val', 'testdev', 'test', 'challenge', 'submission'];

/**
 * The files with each split of tables as one file: `testdev_balanced_instructions/testdev-00000-of-00001.parquet` as
 * `testdev_balanced_questions.json`. Which set of questions it is, the folder says or the table's own name; else it is the
 * one that is asked for. A split of another name keeps it.
 */
export async function withGqaTables(
  files: readonly RawFile[],
  options: { questions: 'balanced' | 'all'; as?: string | undefined; note: (line: string) => void },
): Promise<RawFile[]> {
  const others = files.filter(({ isTable }) => isTable !== true);
  if (others.length === files.length) return others;
  if (options.as !== undefined) {
    const table = await tablesAsOne(files, NEEDED);
    return table === undefined ? others : [...others, table];
  }
  const splits = await hubSplits(files, NEEDED, options.note);
  return [
    ...others,
    ...splits.map(({ split, folder, table }) => {
      const [, name = split] = /^(.+?)[-_](?:balanced|all)\b/.exec(split) ?? [];
      const official = SPLITS[name] ?? name;
      if (!OFFICIAL.includes(official)) return { ...table, baseName: `${split}.json` };
      const [set = options.questions] = /(?<=[-_])(balanced|all)(?=[-_]|$)/.exec(`${folder}_${split}`) ?? [];
      const ofServer = official === 'submission' ? 'all' : set;
      return { ...table, baseName: `${official}_${ofServer}_questions.json` };
    }),
  ];
}
