/** @file VQA's questions with their answers in one table, as hubs have them. */

import { UsageError } from '../../common/errors.js';
import { streamRecords } from '../annotations/jsonRecords.js';
import { checkRecord } from '../annotations/record.js';
import type { CocoSplit } from '../cocoImages.js';
import { hubSplits, tablesAsOne } from './hubTables.js';
import type { RawFile } from './rawFiles.js';
import type { VqaRow, VqaSplit } from './rows.js';
import { UniqueIds } from './uniqueIds.js';
import { cocoImageName, vqaTableSchema } from './vqaRecords.js';

const NEEDED = [['question_id'], ['question'], ['image_id']];

/** Words of a hub's names of splits, and what they are: a file to write, and the half of COCO of its images. */
const SPLITS = [
  [/test[-_]?dev/i, 'testdev.json', 'test2015'],
  [/(^|[^a-z])train(ing)?([^a-z]|$)/i, 'train.json', 'train2014'],
  [/(^|[^a-z])(val|valid|validation|dev)([^a-z]|$)/i, 'val.json', 'val2014'],
  [/(^|[^a-z])test([^a-z]|$)/i, 'test.json', 'test2015'],
] as const;

/**
 * The splits among files that are tables.
 *
 * @param as takes all of them, in the order given, as this half of COCO
 * @throws UsageError for a table whose name does not tell the split, or that has other columns
 */
export async function vqaTableSplits(
  files: readonly RawFile[],
  as: CocoSplit | undefined,
  note: (line: string) => void,
): Promise<VqaSplit[]> {
  if (as !== undefined) {
    const table = await tablesAsOne(files, NEEDED);
    const [, file] = SPLITS.find(([, name, image]) => image === as && name !== 'testdev.json')!;
    return table === undefined ? [] : [splitOf(table, as, file, as)];
  }
  return (await hubSplits(files, NEEDED, note)).map(({ split, table }) => {
    const { file, image } = knownSplit(split, table.name);
    return splitOf(table, split, file, image);
  });
}

/**
 * What a hub's name of a split stands for.
 *
 * @throws UsageError for one that does not tell the half of COCO
 */
export function knownSplit(split: string, table: string): { file: string; image: CocoSplit } {
  const [, file, image] = SPLITS.find(([word]) => word.test(split)) ?? [];
  if (file !== undefined) return { file, image };
  throw new UsageError(
    `The name of ${table} does not tell which split it is, so which half of COCO its images are of is not known. Say it: --as val2014.`,
  );
}

function splitOf(table: RawFile, name: string, file: string, image: string): VqaSplit {
  return {
    name,
    file,
    source: table.name,
    isVal: image === 'val2014',
    isForTable: image !== 'test2015',
    rows: () => rowsOf(table, image),
  };
}

async function* rowsOf(table: RawFile, image: string): AsyncGenerator<VqaRow> {
  const ids = new UniqueIds(table.name, 'question');
  for await (const { value, place } of streamRecords(table, { kind: 'lines' })) {
    const record = checkRecord(vqaTableSchema, value, table.name, place);
    ids.add(record.question_id);
    const answers = record.answers?.map(({ answer }) => answer);
    yield {
      imageId: cocoImageName(record, undefined, image, table.name),
      questionId: record.question_id,
      question: record.question,
      // In splits whose answers are withheld the list is empty or absent.
      answers: answers?.length === 0 ? undefined : answers,
      mostGiven: record.multiple_choice_answer,
      questionType: record.question_type,
      answerType: record.answer_type,
    };
  }
}
