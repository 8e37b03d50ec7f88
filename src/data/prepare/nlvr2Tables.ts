/** @file NLVR2's examples in tables, as hubs have them, as if they were the official JSON lines. */

import type { PlacedValue } from '../../formats/lines/jsonLines.js';
import { hubSplits, tablesAsOne } from './hubTables.js';
import type { RawFile } from './rawFiles.js';

/** Names of each column: the official key first, then those of hubs. */
const COLUMNS = {
  identifier: ['identifier', 'question_id', 'id', 'uid'],
  sentence: ['sentence', 'question'],
  label: ['label', 'answer'],
} as const;

/** Official names by a hub's names of splits. Others, such as `balanced_dev`, are parts and keep theirs. */
const OFFICIAL: Readonly<Record<string, string>> = {
  train: 'train',
  dev: 'dev',
  val: 'dev',
  validation: 'dev',
  test: 'test1',
  test1: 'test1',
  test_public: 'test1',
  test2: 'test2',
  test_unseen: 'test2',
};

/** The files with each split of tables as one file under the official name or its own. */
export async function withNlvr2Tables(
  files: readonly RawFile[],
  as: string | undefined,
  note: (line: string) => void,
): Promise<RawFile[]> {
  const others = files.filter(({ isTable }) => isTable !== true);
  if (others.length === files.length) return others;
  const needed = [COLUMNS.identifier, COLUMNS.sentence];
  if (as !== undefined) {
    const table = await tablesAsOne(files, needed);
    return table === undefined ? others : [...others, inOfficialForm(table, 'table')];
  }
  const splits = await hubSplits(files, needed, note);
  return [...others, ...splits.map(({ split, table }) => inOfficialForm(table, OFFICIAL[split] ?? split))];
}

function inOfficialForm(table: RawFile, name: string): RawFile {
  const records = async function* (): AsyncGenerator<PlacedValue> {
    for await (const { value, place } of table.records?.() ?? []) {
      const row = value as Readonly<Record<string, unknown>>;
      const entries = Object.entries(COLUMNS).map(([key, names]) => {
        return [key, row[names.find((each) => row[each] !== undefined) ?? key]] as const;
      });
      yield { value: Object.fromEntries(entries.filter(([, each]) => each !== undefined)), place };
    }
  };
  const open = async function* (): AsyncGenerator<Uint8Array> {
    for await (const { value } of records()) yield Buffer.from(`${JSON.stringify(value)}\n`);
  };
  return { ...table, baseName: `${name}.json`, records, open };
}
